// A built site served on this machine, and a browser that notes whatever goes wrong.

import {createReadStream, existsSync, readFileSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import {extname, join, normalize} from 'node:path';
import {chromium} from 'playwright-core';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
};

/** Serves a folder on a free port of 127.0.0.1. */
export async function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
    const fileOf = (...candidates) =>
      candidates.map((candidate) => join(folder, candidate)).find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
    const found = fileOf(path, `${path}.html`, join(path, 'index.html'));
    // What is not there has a page, too.
    const file = found ?? fileOf(path.startsWith('/ru/') ? 'ru/404.html' : '404.html');
    response.writeHead(found ? 200 : 404, {
      'content-type': TYPES[extname(file ?? '')] ?? 'application/octet-stream',
      // The names of these are made of their content, so that the browser may keep them.
      ...(/^(\/ru)?\/assets\//.test(path) && found && {'cache-control': 'max-age=31536000, immutable'}),
    });
    if (file) {
      createReadStream(file).pipe(response);
    } else {
      response.end('not found');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close()};
}

/** The addresses of a language's pages, by the site's own map. */
export function addresses(folder, language) {
  const map = readFileSync(join(folder, language === 'en' ? '' : language, 'sitemap.xml'), 'utf8');
  return [...map.matchAll(/<loc>https?:\/\/[^/]+([^<]*)<\/loc>/g)].map(([, path]) => decodeURI(path) || '/');
}

/** Debian's browsers. That without a window takes a quarter of the other's work for itself. */
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** Debian's browser, or the one that the environment names. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((browser) => existsSync(browser)),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A page that collects errors and requests to other places than the site and those that are allowed. */
export async function open(browser, origin, {allowed = [], ...options} = {}) {
  const context = await browser.newContext(options);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], {origin});
  const page = await context.newPage();
  const faults = [];
  // A page of the site takes clicks and keys once its script has taken it over.
  const load = page.goto.bind(page);
  page.goto = async (...where) => {
    const answer = await load(...where);
    await page.waitForFunction(() => document.documentElement.dataset.hasHydrated !== 'false');
    return answer;
  };
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (![origin, ...allowed].some((place) => request.url().startsWith(place)) && !request.url().startsWith('data:')) {
      faults.push(`a request left the site: ${request.url()}`);
    }
  });
  page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()} ${response.url()}`));
  return {page, faults};
}
