import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { seriousFaults } from '../../support/axe.ts'
import { gatherFaults, openBrowser, PICTURES } from '../../support/chromium.ts'
import { type ConsoleSystem, startConsole, TOKEN } from '../../support/console-system.ts'
import { rows } from '../../support/system-assertions.ts'

/** Two agents at one desk, each in a browser of his own. Where no browser can be obtained these tests are skipped, and say so. */
const { browser, missing } = await openBrowser()
const opened: Browser | undefined = browser

let app: ConsoleSystem
const faults: string[] = []

beforeAll(async () => {
  if (opened === undefined) return
  app = await startConsole({ DESK_TEAM: 'support' })
}, 300_000)
afterAll(async () => {
  await opened?.close()
  await app?.stop()
})
beforeEach((test) => (opened === undefined ? test.skip(missing) : undefined))

const tell = async (address: string, type: string, data: object): Promise<void> => {
  const { status, body } = await app.post(`/v1/in/acme/${address}?wait=actor&timeoutMs=60000`, { type, data })
  expect([status, body]).toMatchObject([200, {}])
}
const customer = (id: string, text: string) => tell(`support/${id}`, 'message.received', { role: 'user', text, customer: 'c-7' })

/** An agent who signs in and comes to the desk. */
const agentAt = async (name: string, more: Parameters<Browser['newContext']>[0], capacity = ''): Promise<Page> => {
  if (opened === undefined) throw new Error(missing)
  const context = await opened.newContext({ viewport: { width: 1280, height: 900 }, ...more })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  gatherFaults(page, faults)
  await page.goto(`${app.url}/#/desk`)
  await page.fill('[name=by]', name)
  await page.fill('[name=token]', TOKEN)
  await page.click('button.primary')
  await page.locator('form.come [name=team]').waitFor()
  expect(await page.inputValue('form.come [name=as]')).toBe(name)
  await page.fill('form.come [name=tenant]', 'acme')
  await page.fill('form.come [name=team]', 'support')
  await page.fill('form.come [name=capacity]', capacity)
  await page.click('form.come button.primary')
  await page.locator('[data-online=true]').waitFor()
  return page
}

const caseIn = (page: Page, part: string, ref: string) => page.locator(`.cases[data-part=${part}] [data-case="${ref}"]`)
const takeButton = (page: Page, ref: string) => page.locator(`[data-case="${ref}"] .primary`)

test('two agents race for a case: one has it and the other is told; the one talks with the customer and gives it back', async () => {
  await tell('source/shipping', 'source.taught', { chunks: ['Shipping to Germany costs 9 euros.'] })
  const hits = async () =>
    ((await app.get('/v1/search?tenant=acme&q=shipping&in=knowledge')).body as { hits?: unknown[] }).hits?.length ?? 0
  await expect.poll(hits, { timeout: 60_000 }).toBe(1)
  const agents = { Ann: await agentAt('Ann', { locale: 'en' }), 李敏: await agentAt('李敏', { locale: 'zh-CN' }) }
  const pages = Object.values(agents)
  await customer('c1', 'How much is shipping to Germany?')
  await customer('c1', '转人工')
  // Both have wanted it before one of them is answered.
  const wanted: string[] = []
  const { promise: both, resolve } = Promise.withResolvers<void>()
  for (const page of pages) {
    await page.route('**/v1/in/acme/desk/support*', async (route) => {
      if (route.request().postData()?.includes('case.accepted') === true && wanted.push(page.url()) === 2) resolve()
      if (wanted.length > 0) await both
      await route.continue()
    })
    await page.locator('[data-case="support/c1"] .of-case', { hasText: 'Germany' }).waitFor()
  }
  await Promise.all(pages.map((page) => takeButton(page, 'support/c1').click()))

  await expect.poll(() => Promise.all(pages.map((page) => page.locator('.composer').count())), { timeout: 60_000 }).toContain(1)
  const isAnn = (await agents.Ann.locator('.composer').count()) === 1
  const [owner, other] = isAnn ? [agents.Ann, agents['李敏']] : [agents['李敏'], agents.Ann]
  const name = isAnn ? 'Ann' : '李敏'
  await other.locator('.said', { hasText: isAnn ? 'Ann 已接手 support/c1' : '李敏 has support/c1 already' }).waitFor()
  expect(await other.locator('.composer').count()).toBe(0)
  for (const page of pages) await page.unroute('**/v1/in/acme/desk/support*')

  await customer('c1', '有人吗？<b>快点</b>')
  await owner.locator('.message[data-role=user] .text', { hasText: '<b>快点</b>' }).waitFor()
  await other.locator('[data-part=others] a').click()
  await customer('c1', 'How much is shipping to Germany?')
  const suggestion = owner.locator('.suggestions li', { hasText: 'Shipping to Germany costs 9 euros.' })
  expect(await suggestion.locator('small').innerText()).toContain('shipping')
  await suggestion.locator('button').click()
  expect(await owner.inputValue('.composer textarea')).toBe('Shipping to Germany costs 9 euros.')
  await owner.fill('.composer textarea', '您好，运费可以退给您。')
  await other.locator('.writing', { hasText: name }).waitFor()
  await owner.reload()
  await expect.poll(() => owner.inputValue('.composer textarea')).toBe('您好，运费可以退给您。')
  await owner.press('.composer textarea', 'Control+Enter')
  await owner.locator('.message[data-role=agent] .text', { hasText: '您好，运费可以退给您。' }).waitFor()
  await other.locator('.message[data-role=agent] .text', { hasText: '您好，运费可以退给您。' }).waitFor()
  await owner.locator('.composer [type=radio]').nth(1).check()
  await owner.fill('.composer textarea', 'PRIVATE 客户是老板的朋友')
  await owner.click('.composer button.primary')
  await other.locator('.notes li', { hasText: 'PRIVATE' }).waitFor()
  expect(await owner.locator('.message .text', { hasText: '<b>快点</b>' }).count()).toBe(1)
  for (const [agent, page] of Object.entries(agents)) await page.screenshot({ path: `${PICTURES}/desk-${agent}.png` })
  for (const page of pages) expect(await seriousFaults(page)).toEqual([])

  await owner.locator('.endings details').first().locator('summary').click()
  await owner.fill('[name=agreed]', '退还运费 12 欧元')
  await owner.locator('.endings details').first().locator('button').click()
  await caseIn(owner, 'own', 'support/c1').waitFor({ state: 'detached' })
  const context = async () => JSON.stringify((await app.get('/v1/actors/acme/support/c1')).body['context'])
  await expect.poll(context, { timeout: 60_000 }).toContain('退还运费 12 欧元')
  const inputs = `SELECT type, JSONExtractString(data_raw, 'agent') AS agent FROM events
    WHERE idx = 0 AND outcome = 'committed' AND kind = 'desk' AND type = 'case.returned'`
  await expect.poll(() => rows(app.system, inputs), { timeout: 60_000 }).toEqual([{ type: 'case.returned', agent: name }])
  for (const page of pages) await page.context().close()
  expect(faults.splice(0)).toEqual([])
}, 300_000)

test('a case is declined, taken by the colleague, transferred, resolved; who leaves the page is offline and keeps his case', async () => {
  const ann = await agentAt('Ann', { locale: 'en', viewport: { width: 390, height: 800 } })
  await customer('c2', '转人工')
  await caseIn(ann, 'offered', 'support/c2').locator('.plain').click()
  await caseIn(ann, 'waiting', 'support/c2').waitFor()
  const li = await agentAt('李敏', { locale: 'zh-CN' })
  await caseIn(li, 'offered', 'support/c2').locator('.of-case', { hasText: '转人工' }).waitFor()
  await li.screenshot({ path: `${PICTURES}/desk-inbox.png` })
  await caseIn(li, 'offered', 'support/c2').locator('.primary').click()
  await li.locator('.composer').waitFor()
  await li.fill('.composer textarea', '草稿')
  const transfer = li.locator('.endings details').nth(1)
  await transfer.locator('summary').click()
  await transfer.locator('select').selectOption('Ann')
  await transfer.locator('[name=note]').fill('她会德语')
  await transfer.locator('button').click()
  await caseIn(li, 'own', 'support/c2').waitFor({ state: 'detached' })

  await caseIn(ann, 'own', 'support/c2').locator('a').click()
  await ann.locator('.composer').waitFor()
  await ann.locator('.notes li', { hasText: '她会德语' }).waitFor()
  await ann.screenshot({ path: `${PICTURES}/desk-phone.png` })
  expect(await seriousFaults(ann)).toEqual([])
  expect(await ann.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)

  const here = ann.url()
  const desk = async () => JSON.stringify((await app.get('/console/data/desk/acme/support')).body['agents'])
  await ann.goto(`${app.url}/#/overview`)
  await expect.poll(desk, { timeout: 60_000 }).toContain('{"name":"Ann","isOnline":false,"capacity":3,"load":1}')
  await ann.goto(here)
  await ann.locator('.composer').waitFor()
  await expect.poll(desk, { timeout: 60_000 }).toContain('{"name":"Ann","isOnline":true')
  await ann.locator('.endings details').nth(2).locator('summary').click()
  await ann.locator('.endings details').nth(2).locator('button').click()
  await expect.poll(async () => (await app.get('/v1/actors/acme/support/c2')).body['state'], { timeout: 60_000 }).toBe('closed')
  await caseIn(ann, 'own', 'support/c2').waitFor({ state: 'detached' })
  await ann.locator('.desk-bar .plain').first().click()
  await ann.locator('form.come').waitFor()
  for (const page of [ann, li]) await page.context().close()
  expect(faults.splice(0)).toEqual([])
}, 300_000)

test('canned replies are taught, found in the language of the case, filled and edited by keys; the machine may have none', async () => {
  await tell('desk/support', 'canned.set', {
    name: 'hello 问候',
    texts: { zh: '{{name}}您好，我是{{ agent }}，单号 {{case}}。', en: 'Dear {{ name }}, this is {{ agent }} about {{ case }}.' },
  })
  await tell('desk/support', 'canned.set', { name: 'gone', texts: { en: 'Nobody sends this.' } })
  await tell('desk/support', 'canned.removed', { name: 'gone' })
  await tell('source/gifts', 'source.taught', { chunks: ['Gift wrapping costs 2 euros.'] })
  const hits = async () =>
    ((await app.get('/v1/search?tenant=acme&q=gift+wrapping&in=knowledge')).body as { hits?: unknown[] }).hits?.length ?? 0
  await expect.poll(hits, { timeout: 60_000 }).toBeGreaterThan(0)

  const li = await agentAt('李敏', { locale: 'zh-CN', colorScheme: 'dark' })
  await customer('c4', '你好，我要转人工')
  await customer('c4', '转人工')
  const row = li.locator('[data-case="support/c4"] a')
  await row.focus()
  await li.keyboard.press('t')
  await li.locator('.composer').waitFor()
  await li.locator('.canned summary', { hasText: '快捷回复 (1)' }).waitFor()
  await li.focus('.composer textarea')
  await li.keyboard.press('/')
  await li.locator('.canned input[type=search]').fill('问候')
  await li.locator('.canned li button').click()
  expect(await li.inputValue('.composer textarea')).toBe('{{name}}您好，我是李敏，单号 support/c4。')
  await li.keyboard.type('王先生')
  await li.keyboard.press('Control+Enter')
  await li.locator('.message[data-role=agent] .text', { hasText: '王先生您好，我是李敏，单号 support/c4。' }).waitFor()

  // What is drafted answers the last question, which the page has when it searches for it.
  const searched = li.waitForResponse((response) => response.url().includes('/v1/search') && response.url().includes('gift'))
  await customer('c4', 'What does gift wrapping cost?')
  await searched
  await li.locator('.suggestions li', { hasText: 'Gift wrapping' }).waitFor()
  await li.locator('.draft button').click()
  await expect.poll(() => li.locator('.draft').innerText(), { timeout: 60_000 }).toContain('知识库中没有可以回答的内容')
  await tell('support/c4', 'case.resolved', {})
  await li.context().close()
  expect(faults.splice(0)).toEqual([])
}, 300_000)

test('an agent says how many cases he takes at one time, and has no more', async () => {
  const ann = await agentAt('Ann', { locale: 'en' }, '1')
  for (const id of ['c5', 'c6']) await customer(id, '转人工')
  await caseIn(ann, 'offered', 'support/c5').locator('.primary').click()
  await ann.locator('.composer').waitFor()
  await ann.locator('.desk-bar', { hasText: '1 of 1 cases' }).waitFor()
  await caseIn(ann, 'waiting', 'support/c6').locator('.primary').click()
  await ann.locator('.said', { hasText: 'You have 1 cases' }).waitFor()
  for (const id of ['c5', 'c6']) await tell(`support/${id}`, 'case.resolved', {})
  await ann.context().close()
  expect(faults.splice(0)).toEqual([])
}, 300_000)

test('an agent of whom the desk took the cases is told and is back online; his tabs go offline together', async () => {
  const ann = await agentAt('Ann', { locale: 'en' })
  await customer('c3', '转人工')
  await caseIn(ann, 'offered', 'support/c3').locator('.primary').click()
  await ann.locator('.composer').waitFor()
  const tab = await ann.context().newPage()
  await tab.goto(ann.url())
  await tab.locator('.composer').waitFor()
  await tell('desk/support', 'agent.offline', { agent: 'Ann', release: true })
  await ann.locator('.said', { hasText: 'No longer yours: support/c3.' }).waitFor()
  await ann.locator('.composer').waitFor({ state: 'detached' })
  await ann.locator('[data-online=true]').waitFor()
  await tab.locator('.desk-bar .plain').first().click()
  await ann.locator('form.come').waitFor()
  await ann.context().close()
  expect(faults.splice(0)).toEqual([])
}, 300_000)
