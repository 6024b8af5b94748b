// Drives one headless Chromium for the tests: a JSON command per line in, a JSON answer per line out.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"];
const browser = await chromium.launch({ executablePath: process.argv[2], headless: true, args: FLAGS });
const contexts = new Map(), pages = new Map(), told = new Map();
const verbs = {
  async context({ name, options }) { contexts.set(name, await browser.newContext(options ?? {})); },
  async page({ name, context }) {
    const page = await contexts.get(context).newPage(), lines = [];
    page.on("console", message => lines.push(message.text()));
    page.on("pageerror", error => lines.push(String(error)));
    page.on("request", request => lines.push(`${request.method()} ${request.url()}`));
    pages.set(name, page);
    told.set(name, lines);
  },
  async goto({ name, url }) { await pages.get(name).goto(url); },
  async evaluate({ name, script }) { return await pages.get(name).evaluate(script); },
  async click({ name, selector }) { await pages.get(name).click(selector); },
  async wheel({ name, pixels }) { await pages.get(name).mouse.wheel(0, pixels); },
  async back({ name }) { await pages.get(name).goBack(); },
  async close({ name }) { await pages.get(name).close({ runBeforeUnload: false }); },
  async offline({ context, off }) { await contexts.get(context).setOffline(off); },
  async cookies({ context }) { return await contexts.get(context).cookies(); },
  async screenshot({ name, path }) { await pages.get(name).screenshot({ path }); },
  async told({ name }) { return told.get(name); },
  async end({ context }) { await contexts.get(context).close(); },
};
console.log(JSON.stringify({ version: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await verbs[command.verb](command)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
await browser.close();
