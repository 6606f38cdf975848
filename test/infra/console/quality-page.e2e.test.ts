import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { createKnowledgeClient } from '../../../pipeline/ingest/knowledge-client.ts'
import { createSender } from '../../../pipeline/producer/input-sender.ts'
import { seriousFaults } from '../../support/axe.ts'
import { openBrowser } from '../../support/chromium.ts'
import { type ConsoleSystem, startConsole, TOKEN } from '../../support/console-system.ts'
import { quotingKind } from '../../support/quoting-kind.ts'

/** The page "Quality" in a real browser. Where none can be obtained these tests are skipped, and say so. */
const { browser, missing } = await openBrowser()
const opened: Browser | undefined = browser

const PASSAGE = '收到商品 14 天内可以退货，退货运费由买家承担。'
const MARKUP = '<img src=x onerror="document.title=\'taken\'">'

const recordsSchema = z.object({ records: z.array(z.looseObject({ input: z.looseObject({ type: z.string(), source: z.string() }) })) })
const figuresSchema = z.object({ now: z.array(z.object({ figure: z.string(), value: z.number().nullable(), counted: z.number() })) })
const answersSchema = z.object({ answers: z.array(z.looseObject({ actor: z.string(), answer: z.string() })) })

let app: ConsoleSystem
let page: Page

const put = async (address: string, type: string, data: object) => {
  const { status } = await app.post(`/v1/in/${address}?wait=tables&timeoutMs=60000`, { type, data })
  expect(status).toBe(200)
}
const ask = (actor: string, text: string, answer: object) =>
  put(`shop/quoting/${actor}`, 'message.received', { role: 'user', text, answer })

beforeAll(async () => {
  if (opened === undefined) return
  const builtIn = await loadKinds(loadSettings({}, {}).settings)
  app = await startConsole({ QUALITY_SAMPLE: '1' }, [...builtIn.values(), quotingKind])
  const { nc } = app.system.running.jetstream
  const sender = createSender(nc)
  await (await createKnowledgeClient({ nc, sender, tenant: 'shop' })).upload({ source: 'returns', chunks: [PASSAGE] })
  await sender.close()
  const has = (path: string, text: string) =>
    vi.waitFor(async () => expect(JSON.stringify((await app.get(path)).body)).toContain(text), 60_000)
  await has('/v1/actors/shop/source/returns', 'returns')
  // The role judge scores it.
  await ask('low', '退货要几天？', { text: '收到商品 40 天内可以退货。', lang: 'zh', sources: [{ source: 'returns' }] })
  await has('/console/data/quality/answers?tenant=shop', 'number_not_in_sources')
  await ask('markup', MARKUP, { text: MARKUP, quality: 0, evaluator: 'rules@1' })
  await ask('good', 'When do you open?', { text: 'At nine.', lang: 'en', model: 'stub', quality: 0.95, evaluator: 'rules@1' })
})
afterAll(async () => {
  await opened?.close()
  await app?.stop()
})
beforeEach((test) => {
  if (opened === undefined) test.skip(missing)
})

async function open(hash: string, more: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  if (opened === undefined) return
  const context = await opened.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', ...more })
  context.setDefaultTimeout(60_000)
  page = await context.newPage()
  await page.goto(`${app.url}/#/${hash}`)
  await page.fill('[name=by]', '李雷')
  await page.fill('[name=token]', TOKEN)
  await page.click('button.primary')
  await page.locator('main > h1').waitFor()
}

test('a low answer is opened with its reasons, judged by keyboard, and the record says who judged it', async () => {
  await open('quality')
  await page.locator('.hits .row').nth(1).waitFor()
  expect(await page.locator('.hits .row .preview').first().innerText()).toBe(MARKUP)
  await page.locator('.hits .row', { hasText: '退货' }).focus()
  await page.keyboard.press('Enter')
  await page.locator('.whole-text', { hasText: '40 天' }).waitFor()
  await page.locator('.plain-table', { hasText: 'a number is not in the sources' }).waitFor()

  await page.locator('[name=thumbs][value=up]').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  await page.keyboard.type('wrong number')
  await page.keyboard.press('Tab')
  await page.keyboard.insertText('14 天内可以退货。')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('[role=status]', { hasText: 'The judgement is recorded' }).waitFor()
  await page.locator('.plain-table', { hasText: '14 天内可以退货' }).waitFor()

  await page.locator('.plain-table tr', { hasText: 'reviewer@李雷' }).first().waitFor()

  const { body } = await app.get('/console/data/history/shop/quoting/low')
  const { records } = recordsSchema.parse(body)
  expect(records.map(({ input }) => input).filter(({ type }) => type === 'answer.reviewed')).toMatchObject([
    { source: 'console', attributes: { by: '李雷' }, data: { thumbs: 'down', comment: 'wrong number', correction: '14 天内可以退货。' } },
  ])
})

test('answers on which judges disagree, and those that people judged, are a dataset of lines', async () => {
  const { body } = await app.get('/console/data/quality/answers?tenant=shop&below=1')
  const { answers } = answersSchema.parse(body)
  const answer = answers.find(({ actor }) => actor === 'good')?.answer
  await put('shop/quoting/good', 'feedback.given', { answer, thumbs: 'down' })
  await open('quality?show=disagreeing')
  await page.locator('.hits .row', { hasText: 'At nine' }).waitFor()
  expect(await page.locator('.hits .row').count()).toBe(1)
  await page.locator('.plain-table', { hasText: 'customer@1' }).waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Make a dataset')])
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ query: 'When do you open?', answer, label: 0, thumbs: 'down' }])
})

test('what a colleague says of an answer is kept beside what the customer said, and satisfaction does not move', async () => {
  const { body } = await app.get('/console/data/quality/answers?tenant=shop&below=1')
  const { answers } = answersSchema.parse(body)
  const rated = answers.find(({ actor }) => actor === 'markup')?.answer
  await put('shop/quoting/markup', 'feedback.given', { answer: rated, thumbs: 'up', comment: '谢谢' })
  const satisfaction = async () =>
    figuresSchema.parse((await app.get('/console/data/figures?tenant=shop')).body).now.find(({ figure }) => figure === 'satisfaction')
  const before = await satisfaction()
  await open('quality')
  await page.locator('.hits .row', { hasText: MARKUP }).click()
  await page.check('[name=thumbs][value=down]')
  await page.fill('[name=comment]', '没说完')
  await page.reload()
  await page.locator('[name=thumbs][value=down]').waitFor()
  expect(await page.isChecked('[name=thumbs][value=down]')).toBe(true)
  expect(await page.inputValue('[name=comment]')).toBe('没说完')
  await page.click('text=Record the judgement')
  await page.locator('[role=status]', { hasText: 'The judgement is recorded' }).waitFor()
  const score = (by: string) => page.locator('.plain-table tr', { hasText: by }).locator('td').nth(2).innerText()
  expect(await page.inputValue('[name=comment]')).toBe('')
  expect([await score('customer@1'), await score('reviewer@李雷')]).toEqual(['1.00', '0.00'])
  await page.locator('.plain-table tr', { hasText: '谢谢' }).waitFor()
  expect(await satisfaction()).toEqual(before)
})

test('a judgement from another page is refused, one that says nothing, and one of a conversation that does not take it', async () => {
  const judge = (actor: string, body: object, origin = app.url) => app.post(`/console/data/quality/judge/shop/${actor}`, body, { origin })
  const answer = 'm:1'
  expect(await judge('quoting/low', { answer, thumbs: 'up' }, 'http://elsewhere.test')).toMatchObject({ body: { code: 'bad_origin' } })
  expect(await judge('quoting/low', { answer })).toMatchObject({ status: 400, body: { code: 'bad_query' } })
  expect(await judge('no-such-kind/low', { answer, thumbs: 'up' })).toMatchObject({ status: 422, body: { code: 'rejected' } })
})

describe.each([
  ['en', 1280],
  ['zh-CN', 390],
] as const)('in %s', (locale, width) => {
  test('axe finds nothing serious on the list and on an answer', async () => {
    await open('quality?days=365', { locale, viewport: { width, height: 900 }, colorScheme: locale === 'en' ? 'light' : 'dark' })
    await page.locator('.hits .row').first().waitFor()
    await page.locator('.columns .panel').nth(1).waitFor()
    const found = await seriousFaults(page)
    await page.locator('.hits .row', { hasText: '退货' }).click()
    await page.locator('.passages', { hasText: '运费' }).waitFor()
    found.push(...(await seriousFaults(page)))
    expect(found).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })
})
