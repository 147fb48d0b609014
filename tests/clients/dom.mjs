// A page of the site for clients that need one, and a record of what they send.
import { JSDOM } from 'jsdom';

export const { API, STRICT, SITE } = process.env;
export const sent = [];
const { fetch: nodeFetch, FormData: NodeFormData } = globalThis;

/** Make a page of some HTML the global one, whose forms FormData and fetch accept. */
export function openPage(html) {
  const { window } = new JSDOM(`<!doctype html><html lang="en"><body>${html}</body></html>`, { url: `${SITE}/` });
  const { document, navigator, FormData, HTMLFormElement } = window;
  const known = { window, document, navigator, FormData, HTMLFormElement };
  // Not assigned: from 21 on, Node has its own navigator, which cannot be replaced by assignment.
  for (const [name, value] of Object.entries(known)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  return window.document;
}

globalThis.fetch = (url, options = {}) => {
  sent.push({ url, headers: options.headers });
  let { body } = options;
  if (globalThis.window && body instanceof window.FormData) {
    const data = new NodeFormData();
    body.forEach((value, name) => data.append(name, value));
    body = data;
  }
  // As a browser would, on the site's pages.
  return nodeFetch(url, { ...options, body, headers: { ...options.headers, Origin: SITE } });
};

/** Wait until something holds. */
export async function until(check) {
  for (let tries = 0; tries < 300; tries++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${check}`);
}

/** Send a preflight as a browser does, if these headers make it more than a simple request. */
export async function preflight({ url, headers }) {
  const simple = ['accept', 'content-type'];
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const asked = names.filter((name) => !simple.includes(name) || /json/.test(headers['Content-Type']));
  const reply = await nodeFetch(url, {
    method: 'OPTIONS',
    headers: {
      Origin: SITE,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': asked.sort().join(),
    },
  });
  const allowed = (reply.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(/\s*,\s*/);
  return {
    origin: reply.headers.get('access-control-allow-origin'),
    refused: asked.filter((name) => !allowed.includes(name)),
    asked,
  };
}
