import { readdirSync } from 'node:fs'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { addWidgetRoutes } from '../../../../pipeline/http/widget/widget-route.ts'

const BYTES_MAX = 16_000
/** What a page loads before anybody opens the chat. */
const FIRST = ['/widget.js', '/widget/look.js', '/widget/widget-words.js']
const FIRST_BYTES_MAX = 4_000

test('all scripts of the widget have at most 16,000 bytes as sent, and what every page loads at most 4,000', async () => {
  const app = Fastify()
  addWidgetRoutes(app)
  const parts = readdirSync(new URL('../../../../pipeline/http/widget/page/widget/', import.meta.url)).map((name) => `/widget/${name}`)
  const bytes = new Map<string, number>()
  for (const url of ['/widget.js', ...parts]) {
    const { statusCode, headers, rawPayload } = await app.inject({ url, headers: { 'accept-encoding': 'gzip' } })
    expect([url, statusCode, headers['content-encoding']]).toEqual([url, 200, 'gzip'])
    bytes.set(url, rawPayload.length)
  }
  const sum = (urls: Iterable<string>): number => [...urls].reduce((total, url) => total + (bytes.get(url) ?? Infinity), 0)
  expect(sum(bytes.keys())).toBeLessThanOrEqual(BYTES_MAX)
  expect(sum(FIRST)).toBeLessThanOrEqual(FIRST_BYTES_MAX)
  expect((await app.inject({ url: '/widget.js' })).headers['content-encoding']).toBeUndefined()
  expect((await app.inject({ url: '/widget/..%2Fwidget.js' })).statusCode).toBe(404)
})
