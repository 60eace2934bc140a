// The connection of a page to its server: what comes is handed on by its kind, and a lost connection is made anew.
//
// The server's state is absolute: it sends everything again, so that nothing has to be remembered here. The live page and
// the lesson have it from here.

import { gettext } from "/static/gettext.js";

const RETRY_MS = 1500;
let socket = null;

/** `hear`: kind of news to what takes it; `trouble`: gets the words for a lost connection, and none once it is back. */
function connect(hear, trouble) {
  socket = new WebSocket(`ws://${location.host}/talk?lang=${document.documentElement.lang}`);
  socket.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    hear[news.news]?.(news);
  });
  socket.addEventListener("open", () => trouble(""));
  socket.addEventListener("close", () => {
    trouble(gettext("The connection is lost: has the command ended? This page tries again by itself; after a new start of the command open the link that it prints."));
    setTimeout(connect, RETRY_MS, hear, trouble);
  });
}

/** Nothing, while there is no connection. */
function send(command) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

export { connect, send };
