// One request at a time to the station, which has room for two connections in all. The token of the
// log-in stays in this tab: nothing sends it but these lines.

const PATIENCE_MS = 12000; // an answer on a slow link; the station itself gives up after 30 s

let token = sessionStorage.getItem("token");
let line = Promise.resolve();

// The station answered, and not with what was asked for. `message`: its own sentence.
class Refused extends Error {
  constructor(status, said) {
    super(said.error || String(status));
    this.status = status;
    this.code = said.code || "";
  }
}

// The station did not answer, or not to the end.
class Silent extends Error {}

function setToken(text) {
  token = text;
  if (text) sessionStorage.setItem("token", text);
  else sessionStorage.removeItem("token");
}

// The answer: an object, or a text where the station sends one. Raises Refused or Silent. `body`: an
// object, or a text.
function ask(method, path, body) {
  return inTurn(() => send(method, path, body));
}

function inTurn(work) {
  const turn = line.then(work);
  line = turn.catch(() => {});
  return turn;
}

async function send(method, path, body) {
  const headers = {};
  if (token) headers.Authorization = "Bearer " + token;
  if (body !== undefined) {
    headers["Content-Type"] = typeof body === "string" ? "text/plain" : "application/json";
    if (typeof body !== "string") body = JSON.stringify(body);
  }
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(path, { method, headers, body, signal: stop.signal, cache: "no-store" });
    const text = await answer.text();
    return understood(answer.status, answer.headers.get("Content-Type") || "", text);
  } catch (error) {
    throw error instanceof Refused ? error : new Silent(error.message);
  } finally {
    clearTimeout(timer);
  }
}

function understood(status, type, text) {
  if (status < 300 && !type.includes("json")) return text;
  let said = {};
  try {
    said = JSON.parse(text);
  } catch (error) {
    if (status < 300) throw error; // cut short: as if there were no answer
  }
  if (status < 300) return said;
  throw new Refused(status, said);
}

// A file to the station; progress(percent) is called as it goes. fetch cannot tell how far it is.
function upload(path, file, progress) {
  return inTurn(() => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Authorization", "Bearer " + token);
    request.upload.onprogress = (event) => progress(event.loaded * 100 / event.total);
    request.onerror = () => reject(new Silent("upload"));
    request.onload = () => {
      try {
        resolve(understood(request.status, request.getResponseHeader("Content-Type") || "", request.responseText));
      } catch (error) {
        reject(error);
      }
    };
    request.send(file);
  }));
}
