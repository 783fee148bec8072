// The front page: signs in, lists the account's files, signs out.
const form = document.getElementById("sign-in");
const account = document.getElementById("account");
const told = document.getElementById("told");

async function call(method, path, body) {
  const headers = body ? { "content-type": "application/json" } : {};
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const data = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(data.error.message);
  return data;
}

async function show() {
  const { files } = await call("GET", "/api/files");
  const rows = files.map((file) => {
    const row = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/api/files/${file.id}`;
    link.textContent = file.name;
    row.append(link, ` ${file.size_bytes} bytes`);
    return row;
  });
  document.getElementById("files").replaceChildren(...rows);
  form.hidden = true;
  account.hidden = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("POST", "/api/sessions", Object.fromEntries(new FormData(form)));
    await show();
  } catch (error) {
    told.textContent = error.message;
  }
});

document.getElementById("sign-out").addEventListener("click", async () => {
  await call("DELETE", "/api/sessions");
  form.reset();
  form.hidden = false;
  account.hidden = true;
});
