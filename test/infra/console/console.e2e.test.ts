import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { rowsTable } from '../../../schemas/ddl.ts'
import { seriousFaults } from '../../support/axe.ts'
import { gatherFaults, openBrowser, pictureOfFailure } from '../../support/chromium.ts'
import { type ConsoleSystem, startConsole, TOKEN } from '../../support/console-system.ts'

/** The console in a real browser. Where none can be obtained these tests are skipped, and say so. */
const { browser, missing } = await openBrowser()
const opened: Browser | undefined = browser

const MARKUP = '<img src=x onerror="document.title=\'taken\'"> <b>not bold</b>'
const ARABIC = 'كم يستغرق الشحن؟'
/** Longer than a page of the talk carries. */
const LONG = `开始${'长'.repeat(60_000)}结束`

let app: ConsoleSystem
let context: BrowserContext
let page: Page
const faults: string[] = []
const recordsSchema = z.object({
  records: z.array(z.looseObject({ resolves: z.object({ end: z.string(), by: z.string().optional() }).loose().optional() })),
})

const say = async (id: string, text: string) => {
  const { status } = await app.post(`/v1/in/acme/support/${id}?wait=tables&timeoutMs=60000`, { type: 'message.received', data: { text } })
  expect(status).toBe(200)
}

beforeAll(async () => {
  if (opened === undefined) return
  app = await startConsole()
  await say('en', 'How long does shipping to Norway take?')
  await say('zh', '寄到挪威要多久？')
  await say('markup', MARKUP)
  await say('rtl', ARABIC)
  await say('long', LONG)
  for (const id of ['bad1', 'bad2'])
    await app.post(`/v1/in/acme/support/${id}?wait=tables&timeoutMs=60000`, { type: 'message.received', data: {} })
  // As many as the system would take minutes to make.
  await app.system.running.client?.command({
    query: `INSERT INTO ${rowsTable('messages')} 
        (tenant, kind, actor, case_no, machine, seq, idx, id, role, text, time, committed_at, chars)
      SELECT 'acme', 'support', 'many', 1, 'support@1', 1000000 + number, 0, toString(number), if(number % 2 = 0, 'user', 'assistant'),
        concat('message ', toString(number)), now64(3), now64(3), 10 FROM numbers(5000)`,
  })
})
afterAll(async () => {
  await opened?.close()
  await app?.stop()
})

const newContext = async (more: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  if (opened === undefined) return
  context = await opened.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en', ...more })
  context.setDefaultTimeout(60_000)
  page = await context.newPage()
  gatherFaults(page, faults)
}

beforeEach(async (test) => {
  if (opened === undefined) return test.skip(missing)
  await newContext()
})
afterEach(async ({ task }) => {
  if (opened === undefined) return
  await pictureOfFailure(page, task)
  await context.close()
  expect(faults.splice(0)).toEqual([])
})

const signIn = async (): Promise<void> => {
  await page.fill('[name=by]', '李雷')
  await page.fill('[name=token]', TOKEN)
  await page.click('button.primary')
  await page.locator('main > h1').waitFor()
}
const open = async (hash = ''): Promise<void> => {
  await page.goto(`${app.url}/${hash}`)
  await signIn()
}

describe('the sign-in', () => {
  test('a wrong token is refused, the right one opens the page that was asked for, and signing out closes it', async () => {
    await page.goto(`${app.url}/#/settings`)
    await page.fill('[name=by]', 'Li')
    await page.fill('[name=token]', 'another-token-of-tests')
    await page.click('button.primary')
    await page.locator('[role=alert]', { hasText: 'This is not the token' }).waitFor()
    await signIn()
    expect(await page.innerText('main > h1')).toBe('Settings')
    expect(await page.evaluate('document.cookie')).toBe('')
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })

    await page.reload()
    await page.locator('.signer', { hasText: '李雷' }).waitFor()
    await page.click('text=Sign out')
    await page.locator('[name=token]').waitFor()
    await page.reload()
    await page.locator('[name=token]').waitFor()
  })

  test('data need a session, and a change needs a page of the same origin', async () => {
    const path = `${app.url}/console/data/dead/resolve`
    const body = JSON.stringify({ end: 'dropped', seqs: [1] })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${app.url}/console/data/overview`)).status).toBe(401)
    expect((await fetch(path, { method: 'POST', body, headers: { ...headers, origin: app.url } })).status).toBe(401)
    const started = await fetch(`${app.url}/console/session`, {
      method: 'POST',
      body: JSON.stringify({ by: 'Li', token: TOKEN }),
      headers: { ...headers, origin: app.url },
    })
    const cookie = started.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect((await fetch(`${app.url}/console/data/settings`, { headers: { cookie } })).status).toBe(200)
    for (const origin of ['http://evil.example', undefined]) {
      const given = { ...headers, cookie, ...(origin === undefined ? {} : { origin }) }
      expect((await fetch(path, { method: 'POST', body, headers: given })).status).toBe(403)
      const input = { method: 'POST', body: '{"type":"x"}', headers: given }
      expect((await fetch(`${app.url}/v1/in/acme/support/never`, input)).status).toBe(403)
    }
    expect((await app.get('/v1/actors/acme/support/never')).status).toBe(404)
  })
})

test('the overview says what is wrong and what to do, and how the stages stand', async () => {
  await open()
  await page.locator('.problems code', { hasText: 'bad_data' }).waitFor()
  expect(await page.locator('.plain-table code').allTextContents()).toEqual(expect.arrayContaining(['host', 'dispatch', 'project']))
  await page.locator('.rates rect.bar-bad').first().waitFor()
  await page.locator('.figures dt', { hasText: 'Errors' }).waitFor()
  const wrong = page.locator('.problems li', { hasText: 'bad_data' })
  await page.click('text=中文')
  await wrong.locator('p', { hasText: '请重新投递一次' }).waitFor()
  expect(await wrong.locator('details').innerText()).toBe('供运维人员参考')
  await wrong.locator('a', { hasText: '查看这些死信' }).click()
  await page.locator('main > h1', { hasText: '死信' }).waitFor()
  expect(page.url()).toContain('reason=bad_data')
  await page.locator('.letter').nth(1).waitFor()
})

describe('conversations', () => {
  test('the list is narrowed by language and id, and its address keeps the filter', async () => {
    await open('#/conversations')
    await page.locator('.row', { hasText: 'acme/support/en' }).waitFor()
    await page
      .locator('.preview', { hasText: 'Norway' })
      .or(page.locator('.row', { hasText: 'acme/support/en' }))
      .first()
      .waitFor()
    await page.selectOption('.choice:has-text("Language") select', 'zh')
    await page.locator('.row', { hasText: 'acme/support/en' }).waitFor({ state: 'detached' })
    await page.locator('.row', { hasText: 'acme/support/zh' }).waitFor()
    await page.reload()
    await page.locator('.row', { hasText: 'acme/support/zh' }).waitFor()
    expect(page.url()).toContain('lang=zh')
    await page.click('text=Clear the filters')
    await page.fill('.choice:has-text("Id contains") input', 'rt')
    await expect.poll(() => page.locator('.row .who').allTextContents()).toEqual(['acme/support/rtl'])
  })

  test('the arrow keys move between the rows', async () => {
    await open('#/conversations')
    const rows = page.locator('.virtual .row')
    await rows.nth(1).waitFor()
    await rows.first().focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate("document.activeElement.closest('[data-index]').dataset.index")).toBe('1')
    await page.keyboard.press('Enter')
    await page.locator('.talk').waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('MAIN')
    await page.goBack()
    await expect.poll(() => page.evaluate("document.activeElement.closest('[data-index]')?.dataset.index")).toBe('1')
  })

  test('a full-text search shows hits, and a hit opens its message', async () => {
    // The index follows the log.
    const hits = async () => ((await app.get('/v1/search?tenant=acme&q=Norway&in=messages')).body as { hits?: unknown[] }).hits?.length ?? 0
    await expect.poll(hits).toBeGreaterThan(0)
    await open('#/conversations?tenant=acme&q=Norway')
    const hit = page.locator('.hits .row', { hasText: 'acme/support/en' }).first()
    await hit.click()
    await page.locator('.message', { hasText: 'How long does shipping to Norway take?' }).waitFor()
  })

  test('the other filters hold for the hits of a search, too', async () => {
    const shown = async () => [...new Set(await page.locator('.hits .row .who b').allTextContents())].toSorted()
    const search = (filters: string) => page.goto(`${app.url}/#/conversations?tenant=acme&q=Norway%20%E6%8C%AA%E5%A8%81&${filters}`)
    const sees = async (filters: string, ids: readonly string[]) => {
      await search('')
      await expect.poll(shown, { timeout: 30_000 }).toEqual(expect.arrayContaining(['en', 'zh']))
      await search(filters)
      await expect.poll(shown, { timeout: 30_000 }).toEqual(ids)
    }
    await open('#/conversations')
    await sees('lang=zh&id=zh', ['zh'])
    await sees('id=en', ['en'])
    await sees('kind=support&lang=en&id=en', ['en'])
    for (const none of ['kind=desk', 'from=2200-01-01T00:00', 'state=no-such-state', 'intent=no-such-intent', 'below=0.01&id=zzz']) {
      await sees(none, [])
      await page.locator('.empty', { hasText: 'Nothing was found' }).waitFor()
    }
  })

  test('texts are shown as they are: markup as text, Arabic from right to left, a long one cut until somebody asks for it', async () => {
    await open('#/conversations/acme/support/markup')
    await page.locator('.message .text', { hasText: '<b>not bold</b>' }).first().waitFor()
    expect(await page.locator('.message img, .message .text b').count()).toBe(0)
    expect(await page.title()).not.toBe('taken')

    await page.goto(`${app.url}/#/conversations/acme/support/rtl`)
    const arabic = page.locator('.message[data-role=user] .text', { hasText: ARABIC })
    await arabic.waitFor()
    expect(await page.evaluate("getComputedStyle(document.querySelector('.message[data-role=user] .text')).direction")).toBe('rtl')

    await page.goto(`${app.url}/#/conversations/acme/support/long`)
    const long = page.locator('.message[data-role=user]').first()
    await long.locator('text=Show all 60,004 characters').waitFor()
    expect(await long.locator('.text').innerText()).not.toContain('结束')
    await long.locator('text=Show all').click()
    await expect.poll(() => long.locator('.text').innerText()).toContain('结束')
  })

  test('the statechart goes back in time with the steps, and later messages are marked', async () => {
    await open('#/conversations/acme/support/en')
    await page.locator('.box.active').first().waitFor()
    await page.locator('.message[data-role=user]').waitFor()
    await page.locator('.message[data-role=assistant]').first().waitFor()
    // At each scale the active state is in sight, and the whole chart with "fit".
    const isActiveSeen = `(() => {
      const box = [...document.querySelectorAll('.box.active')].at(-1).getBoundingClientRect()
      const place = document.querySelector('.chart').getBoundingClientRect()
      return box.left < place.right && box.right > place.left && box.top < place.bottom && box.bottom > place.top
    })()`
    await expect.poll(() => page.evaluate(isActiveSeen)).toBe(true)
    await page.click('.zoom >> text=fit')
    const overflow = "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.chart'))"
    await expect.poll(() => page.evaluate(overflow)).toBe(0)
    for (let count = 0; count < 5; count += 1) await page.click('[aria-label=Larger]')
    await expect.poll(() => page.evaluate(isActiveSeen)).toBe(true)
    const last = await page.locator('output').innerText()
    await page.click('[aria-label="First step"]')
    await page.locator('output', { hasText: '1 of' }).waitFor()
    expect(await page.locator('output').innerText()).not.toBe(last)
    await page.locator('.message[data-late=true]').first().waitFor()
    await page.locator('.message[data-role=user] >> text=Show step').click()
    await page.locator('.facts', { hasText: 'message.received' }).waitFor()
    await expect.poll(() => page.url()).toContain('step=1')
    await page.reload()
    await page.locator('output', { hasText: '1 of' }).waitFor()
    await page.locator('.message[data-late=true]').first().waitFor()
    await page.click('[aria-label="Last step"]')
    await expect.poll(() => page.url()).not.toContain('step=')
    await page.click('[aria-label="First step"]')
    await page.click('[role=tab] >> text=Tasks')
    await page.locator('.machine-panel .problems b').first().waitFor()
  })

  test('a conversation of 5,000 messages opens at its end and is read back, with a window of it in the page', async () => {
    await open('#/conversations/acme/support/many')
    await page.locator('.message', { hasText: 'message 4999' }).waitFor()
    expect(await page.locator('.message').count()).toBe(100)
    const isAtEnd = "document.querySelector('.message:last-child').getBoundingClientRect().bottom < innerHeight"
    await expect.poll(() => page.evaluate(isAtEnd)).toBe(true)
    for (let round = 1; round <= 5; round += 1) {
      await page.click('text=Show earlier messages')
      await page.locator('.message .text', { hasText: new RegExp(`^message ${4_900 - round * 100}$`) }).waitFor()
    }
    expect(await page.locator('.message').count()).toBe(400)
    await page.locator('text=Show later messages').waitFor()
  })
})

test('a dead letter is redriven, then dropped, and the record says who did it', async () => {
  await open('#/dead')
  await page.locator('.letter').nth(1).waitFor()
  await page.locator('.letter >> text=Payload').first().click()
  await page.locator('.letter pre', { hasText: 'message.received' }).waitFor()
  await page.check('text=Choose all that are shown')
  await page.click('text=Redrive 2')
  await page.locator('.sent', { hasText: '2 rejected again' }).waitFor()

  await page.locator('.letter').nth(1).waitFor()
  await page.check('text=Choose all that are shown')
  await page.click('text=Drop 2')
  await page.click('text=Yes, drop')
  await page.locator('.sent', { hasText: '2 dropped' }).waitFor()
  await page.locator('text=There is no dead letter').waitFor()
  const { body } = await app.get('/console/data/history/acme/support/bad1')
  const { records } = recordsSchema.parse(body)
  expect(records.flatMap(({ resolves }) => (resolves === undefined ? [] : [[resolves.end, resolves.by]]))).toEqual([
    ['redriven', '李雷'],
    ['dropped', '李雷'],
  ])
})

test('the address of a page that does not exist becomes that of the overview', async () => {
  await open('#/nonsense')
  expect(await page.innerText('main > h1')).toBe('Overview')
  expect(page.url()).toContain('#/overview')
})

test('a browser whose clock is wrong says how long ago things were by the clock of the server', async () => {
  await page.clock.setFixedTime(Date.now() + 9 * 86_400_000)
  await open('#/conversations')
  await page.locator('.row time').first().waitFor()
  await expect.poll(async () => (await page.locator('.row time').allTextContents()).join()).not.toContain('day')
})

test('the settings are found by name, and secrets are masked', async () => {
  await open('#/settings')
  await page.fill('input[type=search]', 'http_token')
  await page.locator('.settings tbody tr', { hasText: 'COLLOQUY_HTTP_TOKEN' }).waitFor()
  expect(await page.locator('.settings').innerText()).not.toContain(TOKEN)
})

test('the language is chosen in the page and kept', async () => {
  await open()
  await page.click('text=中文')
  await page.locator('main > h1', { hasText: '概览' }).waitFor()
  expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN')
  await page.reload()
  await page.locator('main > h1', { hasText: '概览' }).waitFor()
})

const PAGES = {
  overview: '.figures',
  conversations: '.row',
  'conversations/acme/support/en': '.box.active',
  desk: 'form.come',
  quality: '.filters',
  knowledge: '.filters',
  dead: 'main > h1',
  settings: '.settings',
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([
    ['wide', 1280],
    ['a phone', 390],
  ])('axe finds nothing serious on any page, %s', async (_name, width) => {
    await context.close()
    await newContext({ colorScheme, viewport: { width, height: 800 }, locale: colorScheme === 'dark' ? 'zh-CN' : 'en' })
    await page.goto(app.url)
    await page.locator('[name=token]').waitFor()
    const found: string[] = await seriousFaults(page)
    await signIn()
    for (const [hash, shown] of Object.entries(PAGES)) {
      await page.goto(`${app.url}/#/${hash}`)
      await page.locator(shown).first().waitFor()
      for (const fault of await seriousFaults(page)) found.push(`${hash}: ${fault}`)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
    expect(found).toEqual([])
  })
})
