import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { seriousFaults } from '../../support/axe.ts'
import { openBrowser } from '../../support/chromium.ts'
import { type ConsoleSystem, startConsole, TOKEN } from '../../support/console-system.ts'

/** The page "Knowledge" in a real browser. Where none can be obtained these tests are skipped, and say so. */
const { browser, missing } = await openBrowser()
const opened: Browser | undefined = browser

const QUESTION = '潜水艇可以改装成图书馆吗？'
const OTHER_WORDING = '潜水艇可不可以改装成图书馆？'
const REPLY = '不可以，潜水艇不能改装。'

let app: ConsoleSystem
let page: Page

const say = async (id: string, data: object) => {
  const path = `/v1/in/shop/support/${id}?wait=tables&timeoutMs=60000`
  expect(await app.post(path, { type: 'message.received', data })).toMatchObject({ status: 200 })
}

beforeAll(async () => {
  if (opened === undefined) return
  app = await startConsole()
  await say('a', { role: 'user', text: QUESTION })
  await say('a', { role: 'agent', text: REPLY })
  await say('b', { role: 'user', text: QUESTION })
  await say('c', { role: 'user', text: OTHER_WORDING })
  // Of a tenant that nobody has written to.
  const taught = { type: 'source.taught', data: { title: 'Opening hours', chunks: ['We open at nine.'] } }
  expect(await app.post('/v1/in/library/source/hours?wait=tables&timeoutMs=60000', taught)).toMatchObject({ status: 200 })
  const gaps = async () => (await app.get('/console/data/knowledge/gaps?tenant=shop')).body
  // Once the search index is there.
  await vi.waitFor(
    async () => expect(await gaps()).toMatchObject({ gaps: [{ example: QUESTION, asked: 3, wordings: 2 }], byMeaning: true }),
    60_000,
  )
})
afterAll(async () => {
  await opened?.close()
  await app?.stop()
})
beforeEach((test) => {
  if (opened === undefined) test.skip(missing)
})

async function open(more: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  if (opened === undefined) return
  const context = await opened.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', ...more })
  context.setDefaultTimeout(60_000)
  page = await context.newPage()
  await page.goto(`${app.url}/#/knowledge`)
  await page.fill('[name=by]', '韩梅梅')
  await page.fill('[name=token]', TOKEN)
  await page.click('button.primary')
  await page.locator('.problems li', { hasText: QUESTION }).waitFor()
}

test('a question without an answer becomes an article, drafted from what a person replied, with the name of who approved it', async () => {
  await open()
  await page.locator('.problems button').first().focus()
  await page.keyboard.press('Enter')
  await page.locator('[name=title]').waitFor()
  expect(await page.inputValue('[name=title]')).toBe(QUESTION)
  expect(await page.inputValue('textarea')).toBe(REPLY)
  await page.fill('textarea', `${await page.inputValue('textarea')}\n请联系客服。`)
  // Another page, and back: what was written is there.
  await page.click('nav a[href="#/quality"]')
  await page.locator('main[data-page=quality]').waitFor()
  await page.goBack()
  await page.locator('[name=title]').waitFor()
  expect(await page.inputValue('textarea')).toContain('请联系客服')
  await page.click('.judgement button.primary')
  await page.locator('[role=status]', { hasText: 'The article is learned' }).waitFor()
  await page.reload()
  await page.locator('.problems li', { hasText: QUESTION }).waitFor()
  expect(await page.locator('[name=title]').count()).toBe(0)
  const row = page.locator('.plain-table tr', { hasText: QUESTION })
  await row.waitFor()
  const source = (await row.locator('small').innerText()).trim()
  const { body } = await app.get(`/console/data/history/shop/source/${source}`)
  const { records } = z.object({ records: z.array(z.looseObject({ input: z.looseObject({}) })) }).parse(body)
  expect(records.map(({ input }) => input)).toMatchObject([
    { type: 'source.taught', attributes: { by: '韩梅梅' }, data: { title: QUESTION, chunks: [expect.stringContaining('请联系客服')] } },
  ])
})

test('two wordings of one question are one, and a tenant that has knowledge only is offered', async () => {
  await open()
  const gap = page.locator('.problems li', { hasText: QUESTION })
  expect(await gap.innerText()).toContain('2 wordings')
  expect(await page.locator('.problems li').count()).toBe(1)
  await page.selectOption('.choice:has-text("Tenant") select', 'library')
  await page.locator('.plain-table tr', { hasText: 'Opening hours' }).waitFor()
})

test('an article from another page is refused, and one without a text', async () => {
  const learn = (text: string, origin: string) =>
    app.post('/console/data/knowledge/learn', { tenant: 'shop', title: 't', text }, { origin })
  expect(await learn('text', 'http://elsewhere.test')).toMatchObject({ body: { code: 'bad_origin' } })
  expect(await learn(' ', app.url)).toMatchObject({ status: 400, body: { code: 'bad_query' } })
})

describe.each([
  ['en', 1280],
  ['zh-CN', 390],
] as const)('in %s', (locale, width) => {
  test('axe finds nothing serious, with an article that is written', async () => {
    await open({ locale, viewport: { width, height: 900 }, colorScheme: locale === 'en' ? 'light' : 'dark' })
    await page.locator('.problems button').first().click()
    await page.locator('textarea').waitFor()
    expect(await seriousFaults(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })
})
