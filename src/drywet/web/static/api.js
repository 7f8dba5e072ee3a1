// Talks to the server: requests that fail say why in one sentence; news come as they happen.

const OWN = { "X-Drywet": "1" };

async function answered(response) {
  if (response.ok) return response;
  let text = await response.text();
  try { text = JSON.parse(text).error; } catch { /* plain text */ }
  throw new Error(text);
}

async function asked(path, options) {
  let response;
  try { response = await fetch(path, options); } catch {
    throw new Error("The server does not answer. Is 'drywet serve' still running?");
  }
  return answered(response);
}

export const get = (path) => asked(path);

export async function post(path, body = {}) {
  const response = await asked(path, { method: "POST", headers: OWN, body: JSON.stringify(body) });
  return response.json();
}

// Some work that tells what it finds while it goes on; onPiece is called with each piece.
export async function follow(path, body, onPiece, signal) {
  const response = await asked(path, { method: "POST", headers: OWN, body: JSON.stringify(body), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "", read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop(); // a line may be half there
    for (const piece of lines.map((line) => JSON.parse(line))) {
      if (piece.error) throw new Error(piece.error);
      onPiece(piece);
    }
  }
}

export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    request.open("PUT", "/api/files");
    request.setRequestHeader("X-Drywet", "1");
    request.setRequestHeader("X-Name", encodeURIComponent(file.name));
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Error(`${file.name} could not be sent. Is it still there, and the server running?`));
    request.onload = () => {
      let found = {};
      try { found = JSON.parse(request.responseText); } catch { found = { error: request.responseText }; }
      if (request.status === 200) resolve(found); else reject(new Error(found.error));
    };
    request.send(file);
  });
}

// A file that the server reads and forgets; what it found.
export async function send(path, file) {
  const response = await asked(path, { method: "PUT", headers: { ...OWN, "X-Name": encodeURIComponent(file.name) }, body: file });
  return response.json();
}

// Calls onNews with each piece of news; onAlive says whether the server answers.
export function listen(onNews, onAlive) {
  const source = new EventSource("/api/events");
  source.onopen = () => onAlive(true);
  source.onerror = () => onAlive(false); // the browser tries again by itself
  source.onmessage = (event) => onNews(JSON.parse(event.data));
  return () => source.close();
}

export async function save(path) {
  const response = await get(path);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "model";
  saveBlob(await response.blob(), name);
}

export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
