import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReport } from '../../src/report/read-report.ts';
import { renderHtml } from '../../src/report/render-html.ts';
import { createDataset } from '../support/small-dataset.ts';
import { findChromium, launchChromium } from './chromium.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1440, height: 900 };

const executable = findChromium();

/** The report of a real run, as an approver opens it. */
describe.skipIf(executable === null)('the report in a browser', () => {
  let browser: Browser;
  let folder: string;
  let url: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'backfill-report-'));
    const world = await createDataset();
    try {
      await world.plan();
      await world.throughPublication();
      const report = await world.session((session) => readReport(session, 'fix-tax'));
      writeFileSync(join(folder, 'report.html'), renderHtml(report));
    } finally {
      await world.end();
    }
    url = pathToFileURL(join(folder, 'report.html')).href;
    browser = await launchChromium(executable ?? '');
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the page, and fails where it says anything to the console or asks for anything but itself. */
  const withPage = async (options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> => {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const heard: string[] = [];
      page.on('console', (message) => heard.push(message.text()));
      page.on('pageerror', (error) => heard.push(error.message));
      page.on('request', (request) => {
        if (request.url() !== url) heard.push(`asked for ${request.url()}`);
      });
      await page.goto(url);
      await look(page);
      expect(heard).toEqual([]);
    } finally {
      await context.close();
    }
  };

  it.each([
    ['a phone', PHONE],
    ['a desk', DESK],
  ])('fits on %s: nothing but a table of its own scrolls sideways', async (_, viewport) => {
    await withPage({ viewport }, async (page) => {
      const { wide, page: over } = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const inScroll = (element: Element): boolean => element.closest('.scroll, pre') !== null;
        const beyond = [...document.body.querySelectorAll('*')].filter(
          (element) => !inScroll(element) && element.getBoundingClientRect().right > width + 1,
        );
        return {
          wide: beyond.map(({ outerHTML }) => outerHTML.slice(0, 120)),
          page: document.documentElement.scrollWidth - width,
        };
      });
      expect(wide).toEqual([]);
      expect(over).toBeLessThanOrEqual(0);
      const smallest = await page.evaluate(() =>
        Math.min(
          ...[...document.querySelectorAll('p, td, th, dd, dt, li')].map((one) =>
            parseFloat(getComputedStyle(one).fontSize),
          ),
        ),
      );
      expect(smallest).toBeGreaterThanOrEqual(12);
      const inCharts = await page.evaluate(() =>
        [...document.querySelectorAll('svg')].map(
          (svg) => (13 * svg.getBoundingClientRect().width) / svg.viewBox.baseVal.width,
        ),
      );
      expect(Math.min(...inCharts)).toBeGreaterThanOrEqual(10);
    });
  });

  it('draws its charts', async () => {
    await withPage({ viewport: DESK }, async (page) => {
      const drawn = await page.evaluate(() =>
        [...document.querySelectorAll('svg')].map((svg) => ({
          isLabelled:
            svg.getAttribute('aria-label') !== null ||
            svg.querySelector('title') !== null ||
            svg.getAttribute('aria-labelledby') !== null,
          shapes: [...svg.querySelectorAll<SVGGraphicsElement>('path, polyline, line, rect, circle')].filter(
            (shape) => {
              const box = shape.getBoundingClientRect();
              return box.width + box.height > 0;
            },
          ).length,
          width: svg.getBoundingClientRect().width,
        })),
      );
      expect(drawn.length).toBeGreaterThan(0);
      for (const { isLabelled, shapes, width } of drawn) {
        expect(isLabelled).toBe(true);
        expect(shapes).toBeGreaterThan(3);
        expect(width).toBeGreaterThan(200);
      }
    });
  });

  it('is reached by the keyboard alone: every link, and every table that scrolls', async () => {
    await withPage({ viewport: PHONE }, async (page) => {
      const wanted = await page.evaluate(() => document.querySelectorAll('a[href], [tabindex="0"], summary').length);
      const reached = new Set<string>();
      for (let press = 0; press < wanted + 1; press += 1) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const focused = document.activeElement;
          const all = [...document.querySelectorAll('a[href], [tabindex="0"], summary')];
          const outline = focused === null ? '' : getComputedStyle(focused).outlineStyle;
          return focused === null || focused === document.body ? null : `${all.indexOf(focused)} ${outline}`;
        });
        if (at !== null) reached.add(at);
      }
      expect(reached.size).toBe(wanted);
      // Whoever cannot use a mouse sees where they are.
      expect([...reached].filter((one) => one.endsWith(' none'))).toEqual([]);
    });
  });

  it.each(['light', 'dark'] as const)(
    'has nothing against it by the rules of WCAG 2.1 AA when it is %s',
    async (colorScheme) => {
      // The page's own policy would keep the checker out.
      await withPage({ viewport: DESK, colorScheme, bypassCSP: true }, async (page) => {
        await page.addScriptTag({ path: AXE });
        const violations = await page.evaluate(async () => {
          const { axe } = window as unknown as {
            axe: { run(options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          };
          const found = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          return found.violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 100)).join(' | ')}`,
          );
        });
        expect(violations).toEqual([]);
      });
    },
  );

  it('looks different in the dark, and prints black on white', async () => {
    const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const seen: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const)
      await withPage({ viewport: DESK, colorScheme }, async (page) => {
        seen.push(await background(page));
        await page.emulateMedia({ media: 'print' });
        seen.push(await background(page));
      });
    const [light, lightPrinted, dark, darkPrinted] = seen;
    expect(dark).not.toBe(light);
    expect(new Set([lightPrinted, darkPrinted]).size).toBe(1);
  });
});
