// Reads emails, each a line of base64, and writes how postal-mime reads them, each as a line of JSON.

import { createInterface } from "node:readline";
import PostalMime from "postal-mime";

for await (const line of createInterface({ input: process.stdin })) {
  const mail = await PostalMime.parse(Buffer.from(line, "base64"));
  const { subject, from, to, replyTo, text, html } = mail;
  process.stdout.write(`${JSON.stringify({ subject, from, to, replyTo: replyTo ?? [], text, html })}\n`);
}
