// A browser at the cable: the package improv-wifi-serial-sdk, with a pseudo-terminal in the place of Web Serial's port.
// node browser.js FD: the number of the open terminal. Standard input: a line of JSON for each thing to do,
// {"call": method, "with": [arguments]}. Standard output: a line for each answer, {"ok": value} or {"error": text}.
"use strict";
const fs = require("fs");
const { register } = require("module");
const readline = require("readline");
const { pathToFileURL } = require("url");

// The package is written for a bundler: its modules say neither that they are modules, nor how their files end.
const hooks = `
export async function resolve(name, context, next) {
    if (name.startsWith(".") && !name.endsWith(".js")) name += ".js";
    return next(name, context);
}
export async function load(url, context, next) {
    return next(url, url.includes("improv-wifi-serial-sdk") ? { ...context, format: "module" } : context);
}`;
register("data:text/javascript," + encodeURIComponent(hooks), pathToFileURL("./"));

const terminal = Number(process.argv[2]);
const port = {
    readable: new ReadableStream({
        pull: (controller) => new Promise((done) => {
            const buffer = Buffer.alloc(256);
            fs.read(terminal, buffer, 0, buffer.length, null, (error, count) => {
                if (error || count === 0) controller.close();
                else controller.enqueue(new Uint8Array(buffer.subarray(0, count)));
                done();
            });
        }),
    }),
    writable: new WritableStream({ write: (bytes) => { fs.writeSync(terminal, bytes); } }),
};
const quiet = { log() {}, error() {}, debug() {} };
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

(async () => {
    const { ImprovSerial } = await import("improv-wifi-serial-sdk/dist/serial.js");
    const improv = new ImprovSerial(port, quiet);
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const asked = JSON.parse(line);
        try {
            const value = await improv[asked.call](...asked.with);
            say({ ok: value ?? null, state: improv.state, url: improv.nextUrl ?? null });
        } catch (error) {
            say({ error: String(error.message ?? error), state: improv.state });
        }
    }
    process.exit(0);
})();
