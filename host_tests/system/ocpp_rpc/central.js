// A central system in strict mode: every message in both directions is held against the package's schemas.
// Standard output: a line of JSON for each thing that happens. Standard input: a line of JSON for each thing to do,
// {"ask": action, "payload": {...}} or {"drop": true} (cut the connection without a word).
"use strict";
const readline = require("readline");
const { RPCServer, createRPCError } = require("ocpp-rpc");

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true, callTimeoutMs: 10000 });
let station = null;
let transactions = 100;

server.auth((accept) => accept());
server.on("client", (client) => {
    station = client;
    say({ up: client.identity });
    client.on("close", () => say({ down: true }));
    client.on("strictValidationFailure", (event) => say({ violation: String(event.error.message), details: event.error.details }));
    client.on("badMessage", (event) => say({ violation: "bad message", details: String(event.buffer) }));
    const answers = {
        BootNotification: () => ({ status: "Accepted", interval: 60, currentTime: new Date().toISOString() }),
        Heartbeat: () => ({ currentTime: new Date().toISOString() }),
        Authorize: () => ({ idTagInfo: { status: "Accepted" } }),
        StatusNotification: () => ({}),
        DiagnosticsStatusNotification: () => ({}),
        LogStatusNotification: () => ({}),
        SecurityEventNotification: () => ({}),
        SignCertificate: () => ({ status: "Accepted" }),
        SignedFirmwareStatusNotification: () => ({}),
        FirmwareStatusNotification: () => ({}),
        MeterValues: () => ({}),
        StartTransaction: () => ({ transactionId: ++transactions, idTagInfo: { status: "Accepted" } }),
        StopTransaction: () => ({ idTagInfo: { status: "Accepted" } }),
    };
    for (const action of Object.keys(answers)) {
        client.handle(action, ({ params }) => {
            const answer = answers[action]();
            say({ action, payload: params, answer });
            return answer;
        });
    }
    client.handle(({ method }) => {
        say({ violation: "unexpected " + method });
        throw createRPCError("NotImplemented");
    });
});

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const command = JSON.parse(line);
    if (command.drop) {
        station.close({ force: true });
        return;
    }
    try {
        say({ reply: await station.call(command.ask, command.payload) });
    } catch (error) {
        say({ error: error.rpcErrorCode || error.constructor.name, description: error.message });
    }
}).on("close", () => process.exit(0));

server.listen(0, "127.0.0.1").then((http) => say({ port: http.address().port }));
