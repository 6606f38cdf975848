import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openBrowser } from '../../../support/chromium.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { toyKind } from '../../../support/toy-kind.ts'

/**
 * DNS rebinding in a real browser: the name of another site is pointed at this machine, so that its page may ask our ports as its own
 * origin. Where no browser can be obtained these tests are skipped, and say so.
 */
const { browser, missing } = await openBrowser(['--host-resolver-rules=MAP evil.test 127.0.0.1'])
const opened: Browser | undefined = browser

let system: System
beforeAll(async () => {
  if (opened !== undefined) system = await startSystem({ kinds: [toyKind] })
})
afterAll(async () => {
  await opened?.close()
  await system?.stop()
})
beforeEach((test) => {
  if (opened === undefined) test.skip(missing)
})

/** A page of this origin. It is whatever our server answers there: what counts is that its requests come from that origin. */
async function pageOf(origin: string): Promise<Page> {
  if (opened === undefined) throw new Error(missing)
  const page = await opened.newPage()
  await page.goto(`${origin}/ping`)
  return page
}

/** What the page reads from a path of its own origin: status and text; \`unread\` if the browser lets it read nothing. */
const ask = (page: Page, path: string, body?: string): Promise<string> =>
  page.evaluate(
    async ([at = '', text]) => {
      try {
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(at, text === undefined ? {} : { method: 'POST', body: text, headers })
        return `${response.status} ${await response.text()}`
      } catch {
        return 'unread'
      }
    },
    [path, body],
  )

const port = (url: string | undefined): string => new URL(url ?? '').port
const INPUT = '{"type":"add","data":{"by":1}}'
const stored = async (): Promise<number> => (await system.running.jetstream.jsm.streams.info('INBOX')).state.messages

test('a foreign page reads and stores nothing over HTTP, and a page of this machine may', async () => {
  const at = port(system.running.http?.url)
  const foreign = await pageOf(`http://evil.test:${at}`)
  for (const path of ['/healthz', '/readyz', '/metrics', '/v1/actors/acme/toy/a', '/v1/search?tenant=acme&q=x']) {
    expect(await ask(foreign, path)).toMatch(/^421 .*bad_host/)
  }
  expect(await ask(foreign, '/v1/in/acme/toy/a?wait=actor', INPUT)).toMatch(/^421 .*bad_host/)
  expect(await stored()).toBe(0)

  for (const host of ['localhost', '127.0.0.1']) {
    const own = await pageOf(`http://${host}:${at}`)
    expect(await ask(own, '/v1/in/acme/toy/a?wait=actor', INPUT)).toMatch(/^200 /)
  }
})

test('a foreign page reads nothing from ClickHouse, and a page of this machine may', async () => {
  const at = port(system.running.clickhouse?.url)
  const foreign = await pageOf(`http://evil.test:${at}`)
  for (const path of ['/?query=SELECT+1', '/?user=analyst&query=SELECT+1', '/play', '/ping']) {
    expect(await ask(foreign, path)).toMatch(/^403 /)
  }
  expect(await ask(foreign, '/?user=analyst', 'SELECT 1')).toMatch(/^403 /)

  expect(await ask(await pageOf(`http://localhost:${at}`), '/?user=analyst&query=SELECT+1')).toBe('200 1\n')
})

test('a foreign page cannot speak to NATS through a request', async () => {
  const before = await stored()
  const foreign = await pageOf(`http://evil.test:${port(system.running.http?.url)}`)
  const publish = `PUB in.acme.toy.b ${INPUT.length}\r\n${INPUT}\r\n`

  await foreign.evaluate(
    async ([at = '', body = '']) => {
      await fetch(at, { method: 'POST', mode: 'no-cors', body }).catch(() => undefined)
    },
    [`http://evil.test:${port(system.running.nats.url)}/`, publish.repeat(50)],
  )

  await system.producer.flush()
  expect(await stored()).toBe(before)
})
