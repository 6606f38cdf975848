import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { completion, type ModelEndpoint, startModelEndpoint, toolCalls } from '../../../support/model-endpoint.ts'
import { startUp } from '../../../support/run-cli.ts'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'
import { natsSettingsOf, type Worker } from '../../../support/workers.ts'

/** Workers as processes of their own, against the servers of a system that runs none of their stages; a model, and a bank. */
const CONFIG = fileURLToPath(new URL('../../../support/chat-tools-config.ts', import.meta.url))
const WAIT = { timeout: 90_000, interval: 100 }
const TIMEOUT_MS = 300_000

let system: System
let endpoint: ModelEndpoint
let bank: Server
/** Keys of the requests to the bank, in order; and whether it answers them. */
const paid: string[] = []
let answers = true
const workers: Worker[] = []

beforeAll(async () => {
  bank = createServer((request, response) => {
    request.resume()
    paid.push(String(request.headers['idempotency-key']))
    if (answers) response.writeHead(200, { 'content-type': 'application/json' }).end('{"receipt":"r-1"}')
  }).listen(0, '127.0.0.1')
  await once(bank, 'listening')
  endpoint = await startModelEndpoint()
  system = await startSystem({ settings: { ROLES: 'project,serve', CONFIG } })
}, TIMEOUT_MS)
afterAll(async () => {
  for (const worker of workers) worker.signal('SIGKILL')
  await Promise.all(workers.map(({ ended }) => ended))
  await system.stop()
  await endpoint.stop()
  bank.closeAllConnections()
  bank.close()
})

async function startWorker(): Promise<Worker> {
  const settings = {
    ...(await natsSettingsOf(system)),
    ...{ CONFIG, LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny', ROLES: 'host,dispatch,tasks', LEASE_MS: '2000' },
  }
  const env = { CHAT_BANK_URL: `http://127.0.0.1:${(bank.address() as AddressInfo).port}` }
  const worker = await startUp({ dataDir: await temporaryFolder(), settings, env })
  workers.push(worker)
  return worker
}
async function kill(worker: Worker): Promise<void> {
  worker.signal('SIGKILL')
  await worker.ended
}

/** Calls the tool where the request has no result yet; then a text. */
const calls = (name: string): void =>
  endpoint.react((response, request) => {
    const hasResult = endpoint.asked.at(-1)?.body.messages.some(({ role }) => role === 'tool') === true
    return (hasResult ? completion('Done. 好了。') : toolCalls({ name, args: '{"cents":500}' }))(response, request)
  })
const send = (actor: string, type: string, id: string, data: object) =>
  publishAll(system, [{ subject: `in.acme.chat.${actor}`, body: { type, id, data } }])
async function emitted(actor: string): Promise<string[]> {
  const entries = (await readLog(system)).filter((entry) => entry.actor === `acme/chat/${actor}`)
  return entries.flatMap(({ record }) => record.emitted).map(({ type }) => type)
}

test(
  'kill -9 of the worker in the middle of a tool call: the call has one outcome, one effect and one reply',
  async () => {
    calls('charge')
    answers = false
    const first = await startWorker()
    await send('c1', 'message.received', 'm-1', { role: 'user', text: 'Charge me five, please.' })
    await expect.poll(() => paid.length, WAIT).toBe(1)
    await kill(first)
    answers = true
    await startWorker()
    await expect.poll(() => emitted('c1'), WAIT).toContain('message.sent')
    expect(await emitted('c1')).toEqual(['tool.called', 'tool.answered', 'message.sent'])
    // The service was asked again, under the same key: that is its one effect.
    expect(paid.length).toBeGreaterThan(1)
    expect(new Set(paid).size).toBe(1)
  },
  TIMEOUT_MS,
)

test(
  'kill -9 of the worker while a person is asked: the first decision counts, and has one outcome',
  async () => {
    for (const worker of workers.splice(0)) await kill(worker)
    calls('refund')
    paid.length = 0
    const first = await startWorker()
    await send('c2', 'message.received', 'm-1', { role: 'user', text: '请退款五块。' })
    await send('c3', 'message.received', 'm-1', { role: 'user', text: 'A refund, please.' })
    await expect.poll(async () => [...(await emitted('c2')), ...(await emitted('c3'))], WAIT).toEqual(['tool.proposed', 'tool.proposed'])
    await kill(first)
    // Decided while nobody works; twice, and then the other way.
    for (const [actor, one, other] of [
      ['c2', 'tool.approved', 'tool.refused'],
      ['c3', 'tool.refused', 'tool.approved'],
    ] as const) {
      await send(actor, one, 'd-1', { call: '1-1', by: 'ann' })
      await send(actor, one, 'd-2', { call: '1-1', by: 'bob' })
      await send(actor, other, 'd-3', { call: '1-1', by: 'eve' })
    }
    await startWorker()
    await expect.poll(() => emitted('c2'), WAIT).toContain('message.sent')
    await expect.poll(() => emitted('c3'), WAIT).toContain('message.sent')
    expect(await emitted('c2')).toEqual(['tool.proposed', 'tool.called', 'tool.answered', 'message.sent'])
    expect(await emitted('c3')).toEqual(['tool.proposed', 'tool.failed', 'message.sent'])
    expect(new Set(paid).size).toBe(1)
  },
  TIMEOUT_MS,
)
