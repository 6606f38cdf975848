import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { gatherFaults, openBrowser, pictureOfFailure } from '../../support/chromium.ts'
import { type Dev, orderKind, startDevApp, TOKEN } from '../../support/dev-system.ts'

/** The page in a real browser. Where none can be obtained these tests are skipped, and say so. */
const { browser, missing } = await openBrowser()
const opened: Browser | undefined = browser

let dev: Dev
let context: BrowserContext
let page: Page
const faults: string[] = []

beforeAll(async () => {
  if (opened === undefined) return
  dev = await startDevApp({
    'colloquy.config.ts': "import { order } from './order.ts'\nexport default [order]\n",
    'order.ts': orderKind('one'),
  })
})
afterAll(async () => {
  await opened?.close()
  await dev?.stop()
})

beforeEach(async (test) => {
  if (opened === undefined) return test.skip(missing)
  context = await opened.newContext({ viewport: { width: 1440, height: 900 } })
  context.setDefaultTimeout(60_000)
  page = await context.newPage()
  gatherFaults(page, faults)
})
afterEach(async ({ task }) => {
  if (opened === undefined) return
  await pictureOfFailure(page, task)
  await context.close()
  expect(faults.splice(0)).toEqual([])
})

const open = async (hash = ''): Promise<void> => {
  await page.goto(`${dev.addresses.pageUrl}${hash}`)
  await page.fill('input[type=password]', TOKEN)
  await page.click('text=Enter')
  await page.waitForSelector('svg .box')
}
const send = (id: string, type: string, data: object, wait = 'actor') => dev.post(`/v1/in/acme/order/${id}?wait=${wait}`, { type, data })
const box = (state: string) => page.locator(`.box[data-state="${state}"]`)
const texts = (selector: string): Promise<string[]> => page.locator(selector).allTextContents()

test('the statechart shows all nested states, and the number of actors in each as they move', async () => {
  await open()
  const { x, y, width, height } = (await box('placed').locator('> rect').first().boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
  for (const state of ['placed.goods', 'placed.goods.packed', 'placed.money', 'placed.money.due']) {
    const inner = await box(state).locator('> rect').first().boundingBox()
    expect(inner?.x).toBeGreaterThan(x)
    expect(inner?.y).toBeGreaterThan(y)
    expect((inner?.x ?? 0) + (inner?.width ?? 0)).toBeLessThan(x + width)
    expect((inner?.y ?? 0) + (inner?.height ?? 0)).toBeLessThan(y + height)
  }
  expect(await page.locator('.label').count()).toBe(4)
  // The kinds in the header do not fit, and scroll there.
  await page.setViewportSize({ width: 900, height: 700 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(900)

  await send('n1', 'item.added', { name: 'book' })
  await send('n2', 'order.placed', { to: { city: '上海' } })
  await box('open').locator('.count', { hasText: '1' }).waitFor()
  for (const state of ['placed', 'placed.goods', 'placed.goods.waiting', 'placed.money.due']) {
    await box(state).locator('.count', { hasText: '1' }).first().waitFor()
  }

  await send('n1', 'order.placed', { to: { city: 'Oslo' } })
  await box('placed.goods.waiting').locator('.count', { hasText: '2' }).waitFor()
  await box('open').locator('.count').waitFor({ state: 'detached' })
})

test('an input is sent with a form of its schema, and an error is shown at its field', async () => {
  await open()
  await page.fill('[name=id]', '表单')
  await page.fill('[name="data.name"]', '书')
  expect(await page.inputValue('[name="data.count"]')).toBe('1')
  await page.click('button.primary')
  expect(await page.innerText('.field:has([name=id]) em')).toContain('must match')

  await page.fill('[name=id]', 'form')
  await page.fill('[name="data.count"]', 'many')
  await page.click('button.primary')
  await page.waitForSelector('.field:has([name="data.count"]) em')
  expect(await page.innerText('.field:has([name="data.name"]) em')).toContain('at least 2 characters')
  expect(await page.innerText('.field:has([name="data.count"]) em')).toContain('must be a')
  await page.fill('[name="data.name"]', '书本')

  await page.fill('[name="data.count"]', '3')
  await page.selectOption('[name="data.size"]', { label: 'L' })
  await page.fill('[name="data.due"]', '2026-02-03T04:05:06')
  await page.fill('[name="data.day"]', '2026-02-03')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('.sent[data-outcome=committed]')
  await page.selectOption('[name=known-type]', 'order.placed')
  await page.fill('[name="data.to.city"]', 'Zürich')
  await page.click('text=+ add')
  await page.fill('[name="data.to.tags.0"]', '急')
  await page.click('button.primary')
  expect(await page.innerText('.field:has([name="data.to.tags.0"]) em')).toContain('at least 2 characters')
  await page.fill('[name="data.to.tags.0"]', '加急')
  await page.click('button.primary')
  await page.waitForSelector('.sent[data-outcome=committed]')

  const { body } = await dev.get('/dev/history/dev/order/form')
  const inputs = (body as unknown as { records: { outcome: string; input: { data?: object } }[] }).records
  expect(inputs.filter(({ outcome }) => outcome === 'committed').map(({ input }) => input.data)).toEqual([
    { name: '书本', count: 3, size: 'L', due: new Date('2026-02-03T04:05:06').toISOString().replace('.000', ''), day: '2026-02-03' },
    { to: { city: 'Zürich', tags: ['加急'] } },
  ])
})

test('the form offers first what the state of its actor has a transition for', async () => {
  await open()
  const groups = async () =>
    Promise.all((await page.locator('[name=known-type] optgroup').all()).map((group) => group.getAttribute('label')))
  const typesOf = (group: number) => page.locator('[name=known-type] optgroup').nth(group).locator('option').allTextContents()
  await page.fill('[name=id]', 'fits')
  expect(await groups()).toEqual(['fit open', 'change nothing in open'])
  expect(await typesOf(0)).toEqual(['item.added', 'order.placed'])
  await send('fits', 'order.placed', { to: { city: 'Oslo' } })
  await page.goto(`${dev.addresses.pageUrl}#/order/acme/fits`)
  await page.waitForSelector('.box.active[data-state="placed.goods.waiting"]')
  expect(await typesOf(0)).toEqual(['goods.packed', 'money.paid'])
  await expect.poll(() => page.inputValue('[name=known-type]')).toBe('goods.packed')
  await page.selectOption('[name=known-type]', 'item.added')
  await page.locator('.hint', { hasText: 'it will change nothing' }).waitFor()
  await send('refused', 'item.added', {})
  await page.goto(`${dev.addresses.pageUrl}#/order/acme/refused`)
  await page.locator('text=bad_data').first().waitFor()
  expect(await groups()).toEqual(['fit open', 'change nothing in open'])
})

test('the history of an actor is stepped through, with state and context before and after', async () => {
  for (const name of ['茶', 'tea'].map((text) => `${text}壶`)) await send('t1', 'item.added', { name })
  await send('t1', 'order.placed', { to: { city: '北京' } })
  await send('t1', 'goods.packed', {})
  await open('#/order/acme/t1')
  await page.waitForSelector('.box.active[data-state="placed.goods.packed"]')
  await page.click('[role=tab] >> text=Step')
  expect(await page.locator('output').innerText()).toContain('4 of 4')

  await page.keyboard.press('ArrowLeft')
  await page.waitForSelector('.box.active[data-state="placed.goods.waiting"]')
  await page.waitForSelector('.box.before[data-state=open]')
  expect(await texts('.label.taken text')).toEqual(['order.placed'])
  expect(await texts('.effects b')).toEqual(['order.confirmed'])

  await page.keyboard.press('Home')
  await page.waitForSelector('.box.active[data-state=open]')
  await page.keyboard.press('ArrowRight')
  await page.locator('.changes th', { hasText: 'items[1]' }).waitFor()
  expect(await texts('ins')).toEqual(['tea壶'])
  await page.click('.switch >> text=before')
  await page.locator('.json', { hasText: '茶壶' }).waitFor()
  expect(await page.locator('.json').last().innerText()).not.toContain('tea')

  await page.locator('input[type=range]').fill('3')
  await page.waitForSelector('.box.active[data-state="placed.goods.waiting"]')
  expect(page.url()).toContain('#/order/acme/t1/3')
  await send('t1', 'money.paid', {})
  await page.waitForSelector('output >> text=3 of 5')
  await page.keyboard.press('End')
  await page.waitForSelector('.box.active.final[data-state=over]')
})

test('a step back during a read of new records stays in effect', async () => {
  await send('back', 'item.added', { name: 'tea' })
  await send('back', 'order.placed', { to: { city: 'Oslo' } })
  await open('#/order/acme/back')
  await page.waitForSelector('output >> text=2 of 2')
  const { promise: release, resolve: goOn } = Promise.withResolvers<void>()
  const { promise: reading, resolve: begun } = Promise.withResolvers<void>()
  await page.route('**/dev/history/**', async (route) => {
    begun()
    await release
    await route.continue()
  })
  await reading

  await page.keyboard.press('ArrowLeft')
  await page.waitForSelector('output >> text=1 of 2')
  const read = page.waitForResponse('**/dev/history/**')
  goOn()
  await (await read).finished()
  await page.unrouteAll()
  await page.waitForResponse('**/dev/history/**')

  expect(await page.locator('output').innerText()).toBe('1 of 2')
})

test('new records of the shown actor appear in every tab at once', async () => {
  await send('two', 'item.added', { name: 'tea' })
  await open('#/order/acme/two')
  const other = await context.newPage()
  await other.goto(`${dev.addresses.pageUrl}#/order/acme/two`)
  await other.fill('input[type=password]', TOKEN)
  await other.click('text=Enter')
  await other.waitForSelector('.box.active[data-state=open]')

  await send('two', 'order.placed', { to: { city: 'Oslo' } })

  for (const tab of [page, other]) await tab.waitForSelector('.box.active[data-state="placed.goods.waiting"]')
})

test('a save is drawn without a reload of the page, and a refused one is reported above the earlier kinds', async () => {
  await open()
  await dev.save('order.ts', orderKind('two').replace("initial: 'open'", "initial: 'nowhere'"))
  expect(await page.innerText('[role=alert]')).toContain('nowhere')
  expect(await box('over').count()).toBe(1)

  await dev.save('order.ts', orderKind('two').replaceAll('over', '完成'))

  await box('完成').waitFor()
  await page.locator('[role=alert]').waitFor({ state: 'detached' })
  expect(await box('over').count()).toBe(0)
})
