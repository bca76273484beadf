// The page of API v2 in Chromium: the way to it, its requests, its answers, and its width on a phone.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { Chromium } from './support/chromium.ts';
import { pollUntil } from './support/kit-call.ts';
import { ServerProcess } from './support/server-process.ts';

const PHONE = { width: 375, height: 720 };

/** Widest of all requests when opened one after another, in pixels beyond the window. */
const OVERFLOW = `Math.max(...[...document.querySelectorAll('details')].map((box) => {
  box.open = true;
  const beyond = document.documentElement.scrollWidth - innerWidth;
  box.open = false;
  return beyond;
}))`;

/** Runs `code` with `box`, the request of this method and path. */
function inBox(page: Page, title: string, code: string): Promise<unknown> {
  return page.evaluate(`(() => {
    const isWanted = (each) => each.querySelector('summary').textContent.startsWith('${title}');
    const box = [...document.querySelectorAll('details')].find(isWanted);
    box.open = true;
    ${code}
  })()`);
}

/** Polls, since the page forbids playwright's own way of waiting. */
async function waitForText(page: Page, title: string, pattern: RegExp): Promise<void> {
  const read = (): Promise<unknown> => inBox(page, title, 'return box.innerText;');
  await pollUntil(read, (text) => pattern.test(String(text)), 15_000);
}

describe('the page of API v2', () => {
  let server: ServerProcess;
  let browser: Chromium;
  let page: Page;
  const failed: string[] = [];

  before(async () => {
    server = await ServerProcess.start({ settings: { api: true }, paths: { 'a/b': {} } });
    browser = await Chromium.launch();
    page = await browser.open('about:blank');
    page.on('response', (response) => {
      if (response.status() >= 400) failed.push(response.url());
    });
    await page.goto(server.apiUrl('/'));
    const read = (): Promise<unknown> =>
      page.evaluate(`document.querySelectorAll('details').length`);
    await pollUntil(read, (count) => Number(count) > 20, 15_000);
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  it('is where the URL of the log leads, with everything that it loads', () => {
    assert.equal(page.url(), server.apiUrl('/docs'));
    assert.deepEqual(failed, []);
  });

  it('says what each status of a failure means', async () => {
    await waitForText(page, 'GET/api/v2/info', /^401 unauthenticated/mu);
  });

  it('sends a request, and none whose path is not filled in', async () => {
    const title = 'GET/api/v2/paths/get/{name}';
    await inBox(page, title, `box.querySelector('button').click();`);
    await waitForText(page, title, /name is empty/u);
    assert.deepEqual(failed, []);
    await inBox(
      page,
      title,
      `box.querySelector('input').value = 'a/b'; box.querySelector('button').click();`,
    );
    await waitForText(page, title, /"confName": "a\/b"/u);
  });

  it('fits on a phone', async () => {
    await page.setViewportSize(PHONE);
    assert.equal(await page.evaluate(OVERFLOW), 0);
  });
});
