import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../../../infra/servers/free-port.ts'
import { seriousFaults } from '../../../support/axe.ts'
import { gatherFaults, openBrowser, pictureOfFailure, PICTURES } from '../../../support/chromium.ts'
import { clientOf } from '../../../support/http-requests.ts'
import { startUp } from '../../../support/run-cli.ts'
import { temporaryFolder } from '../../../support/test-system.ts'
import { startWebSite, type WebSite } from '../../../support/web-site.ts'

/** The widget in a real browser, on a site of another origin with a strict policy. Where no browser can be obtained, skipped by name. */
const { browser, missing } = await openBrowser()
const TOKEN = 'a-token-of-the-tests'
const CONFIG = fileURLToPath(new URL('../../../support/asking-config.ts', import.meta.url))

let folder: string
let site: WebSite
let chinese: WebSite
let asking: WebSite
let foreign: WebSite
let server: Awaited<ReturnType<typeof startUp>> | undefined
let serverUrl = ''
let start: () => Promise<void>
let context: BrowserContext
const faults: string[] = []

beforeAll(async () => {
  if (browser === undefined) return
  folder = await temporaryFolder()
  const at = (): string => serverUrl
  site = await startWebSite(at)
  chinese = await startWebSite(at, 'data-tenant="acme" data-accent="#7a1f5c"', 'zh-CN')
  asking = await startWebSite(at, 'data-tenant="acme" data-kind="asking"')
  foreign = await startWebSite(at)
  const settings = {
    HTTP_TOKEN: TOKEN,
    HTTP_PORT: String(await freePort()),
    WIDGET_ORIGINS: [site, chinese, asking].map(({ url }) => url).join(','),
    WIDGET_KINDS: 'front,support,asking',
    CONFIG,
  }
  const dataDir = join(folder, 'data')
  await mkdir(dataDir)
  start = async () => {
    server = await startUp({ dataDir, settings })
    serverUrl = server.addresses.httpUrl ?? ''
  }
  await start()
}, 240_000)
afterAll(async () => {
  await browser?.close()
  for (const one of [site, chinese, asking, foreign]) await one?.stop()
  server?.signal('SIGINT')
  await server?.ended
  if (browser !== undefined) await rm(folder, { recursive: true, force: true })
}, 60_000)

const open = async (of: WebSite, given = context): Promise<Page> => {
  const page = await given.newPage()
  page.setDefaultTimeout(60_000)
  gatherFaults(page, faults)
  await page.goto(of.url)
  await page.click('colloquy-chat button.open')
  return page
}
const say = async (page: Page, text: string): Promise<void> => {
  await page.fill('textarea', text)
  await page.keyboard.press('Enter')
}
const replies = (page: Page) => page.locator('article.assistant:visible .text')
const texts = (page: Page): Promise<string[]> => page.locator('article:visible .text').allTextContents()
const conversationId = (page: Page): Promise<string> =>
  page.evaluate<string>("JSON.parse(Object.entries(localStorage).find(([name]) => name.endsWith(' visit'))?.[1] ?? '{}').conversation.id")

beforeEach(async (test) => {
  if (browser === undefined) return test.skip(missing)
  context = await browser.newContext()
})
afterEach(async ({ task }) => {
  if (browser === undefined) return
  await pictureOfFailure(context.pages().at(-1), task)
  await context.close()
  expect(faults.splice(0)).toEqual([])
})

const SLOW = 240_000

test('a visitor writes, gets the reply of support, and has it again after a reload and in a second tab', { timeout: SLOW }, async () => {
  const page = await open(site)
  await say(page, 'Hello')
  await replies(page).first().waitFor()
  const before = await texts(page)
  expect(before[0]).toBe('Hello')
  await page.screenshot({ path: `${PICTURES}/widget-en.png` })
  expect(await seriousFaults(page)).toEqual([])

  expect(await page.inputValue('textarea')).toBe('')
  await page.fill('textarea', '还没写完')
  await page.reload()
  await page.click('colloquy-chat button.open')
  await replies(page).first().waitFor()
  expect(await texts(page)).toEqual(before)
  expect(await page.inputValue('textarea')).toBe('还没写完')

  const second = await open(site)
  await replies(second).first().waitFor()
  expect(await texts(second)).toEqual(before)
  await say(second, 'Is anybody there?')
  await replies(second).nth(1).waitFor()
  await page.bringToFront()
  await expect.poll(() => texts(page), { timeout: 60_000 }).toEqual(await texts(second))

  // A person of the desk writes, and the visitor rates an answer: both tabs show it.
  const id = await conversationId(page)
  const agent = { type: 'message.received', data: { role: 'agent', text: 'Ana here.', agent: 'Ana' } }
  const api = clientOf(serverUrl)
  // Told again until the page, which was hidden a moment ago, listens.
  const isTold = async (): Promise<boolean> => {
    await api.post(`/v1/typing/acme/support/${id}`, { who: 'Ana', role: 'agent' }, { authorization: `Bearer ${TOKEN}` })
    return page.locator('article', { hasText: 'Ana is writing' }).isVisible()
  }
  await expect.poll(isTold, { timeout: 60_000 }).toBe(true)
  expect((await api.post(`/v1/in/acme/support/${id}`, agent, { authorization: `Bearer ${TOKEN}` })).status).toBe(202)
  await page.locator('article.agent .name', { hasText: 'Ana' }).waitFor()
  await page.locator('[data-thumbs=up]').first().click()
  await page.locator('[data-thumbs=up][aria-pressed=true]').first().waitFor()
  await second.bringToFront()
  await second.locator('[data-thumbs=up][aria-pressed=true]').first().waitFor()
})

test('after kill -9 of the server the page connects again, and what was written meanwhile is sent once', { timeout: SLOW }, async () => {
  const page = await open(site)
  await say(page, 'Hello')
  await replies(page).first().waitFor()
  const before = await texts(page)
  server?.signal('SIGKILL')
  await server?.ended
  await page.locator('.status', { hasText: 'Connecting again' }).waitFor()
  await say(page, '您好，还在吗？')
  await page.locator('article', { hasText: 'not sent yet' }).waitFor()
  await page.screenshot({ path: `${PICTURES}/widget-connecting.png` })
  await start()
  await replies(page).nth(1).waitFor({ timeout: 120_000 })
  const after = await texts(page)
  expect(after.slice(0, before.length)).toEqual(before)
  expect(after.filter((text) => text === '您好，还在吗？')).toHaveLength(1)
  expect(await page.locator('article', { hasText: 'not sent yet' }).count()).toBe(0)
})

test('texts are shown as they are, and one that is too long is refused with the limit', { timeout: SLOW }, async () => {
  const page = await open(site)
  await page.fill('textarea', 'x'.repeat(1024 ** 2))
  await page.click('button:has-text("Send")')
  await page.locator('[role=alert]', { hasText: 'at most 8000 characters; this one has 1048576' }).waitFor()
  const html = '<img src=x onerror="document.title=1"><b>bold</b>'
  await say(page, html)
  await page.locator('article.user .text', { hasText: '<b>bold</b>' }).waitFor()
  expect(await page.locator('article img, article b').count()).toBe(0)
  await say(page, 'مرحبا، أين طلبي؟')
  const arabic = page.locator('article.user .text', { hasText: 'مرحبا' })
  await arabic.waitFor()
  const direction =
    "getComputedStyle([...document.querySelector('colloquy-chat').shadowRoot.querySelectorAll('.user .text')].at(-1)).direction"
  expect(await page.evaluate(direction)).toBe('rtl')
})

test('in Chinese, dark, on a phone, with the keyboard alone', { timeout: SLOW }, async () => {
  const phone = await browser?.newContext({ viewport: { width: 360, height: 640 }, colorScheme: 'dark', hasTouch: true, isMobile: true })
  if (phone === undefined) throw new Error(missing)
  const page = await open(chinese, phone)
  expect(await page.locator('[role=dialog]').getAttribute('aria-label')).toBe('在线咨询')
  await page.keyboard.type('你好')
  await page.keyboard.press('Enter')
  await replies(page).first().waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  await page.screenshot({ path: `${PICTURES}/widget-zh-dark-phone.png` })
  expect(await seriousFaults(page)).toEqual([])

  const focused = (): Promise<string> =>
    page.evaluate<string>("document.querySelector('colloquy-chat').shadowRoot.activeElement?.className ?? ''")
  const stops = await page.locator('[role=dialog] :is(button, textarea, a, .log):visible').count()
  for (let count = 0; count < stops + 2; count += 1) {
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('COLLOQUY-CHAT')
  }
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Escape')
  expect(await page.locator('[role=dialog]').isVisible()).toBe(false)
  expect(await focused()).toBe('open')
  await phone.close()
})

test('a form is filled in and a button pressed, and a reload shows what was chosen', { timeout: SLOW }, async () => {
  const page = await open(asking)
  await say(page, 'Send me a book')
  await page.getByLabel('City *').fill('上海')
  await page.getByLabel('Floor').fill('3')
  await page.getByLabel('Lift').check()
  await page.getByLabel('When *').selectOption('evening')
  expect(await seriousFaults(page)).toEqual([])
  await page.screenshot({ path: `${PICTURES}/widget-form.png` })
  await page.click('text=Submit')
  await replies(page).filter({ hasText: '{"city":"上海","floor":3,"lift":true,"when":"evening"}' }).waitFor()
  await page.click('text=Yes, send it')
  await replies(page).filter({ hasText: 'pressed b-1' }).waitFor()
  // A source is a link only where it is an address on the web.
  expect(await page.locator('article ul li').allTextContents()).toEqual(['https://shop.example/shipping', 'javascript:alert(1)', '配送.md'])
  expect(await page.locator('article ul a').allTextContents()).toEqual(['https://shop.example/shipping'])
  const before = await texts(page)
  expect(before).toContain('Yes, send it')
  await page.reload()
  await page.click('colloquy-chat button.open')
  await replies(page).filter({ hasText: 'pressed b-1' }).waitFor()
  expect(await texts(page)).toEqual(before)
  expect(await page.locator('.choices, article form input').count()).toBe(0)
})

test('a reply is seen while it is written, and the reply takes its place', { timeout: SLOW }, async () => {
  const page = await open(asking)
  await say(page, 'Write')
  const draft = page.locator('article[aria-hidden=true] .text')
  await draft.filter({ hasText: 'Your book is on <b>its</b> way' }).waitFor()
  const pressed = { type: 'button.pressed', data: { id: 'b-9' } }
  const path = `/v1/in/acme/asking/${await conversationId(page)}`
  await clientOf(serverUrl).post(path, pressed, { authorization: `Bearer ${TOKEN}` })
  await replies(page).filter({ hasText: 'pressed b-9' }).waitFor()
  await draft.waitFor({ state: 'hidden' })
  expect(await texts(page)).toEqual(['Write', 'pressed b-9'])
})

test('a site that is not allowed has no conversation, and is told so', { timeout: SLOW }, async () => {
  const page = await open(foreign)
  await page
    .locator('.status', { hasText: 'not available' })
    .or(page.locator('.status', { hasText: 'Connecting' }))
    .waitFor()
  expect(await page.evaluate('localStorage.length')).toBe(0)
  await expect.poll(() => faults).toEqual([expect.stringContaining('COLLOQUY_WIDGET_ORIGINS')])
  faults.length = 0
})
