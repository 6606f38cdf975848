import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { jetstream as jetstreamOf } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { loadSettings, type SettingName } from '../../../infra/settings.ts'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { type CliProcess, startUp } from '../../support/run-cli.ts'
import { settingsFor, temporaryFolder } from '../../support/test-system.ts'

const CONFIG = fileURLToPath(new URL('../../support/order-saga-config.ts', import.meta.url))
const SETTINGS: Partial<Record<SettingName, string>> = { CONFIG, ROLES: 'host,dispatch,tasks' }

/** What the services did, in order, each effect once per key; and how often they were called. */
let effects: string[] = []
let known = new Map<string, string>()
let calls = 0
/** Calls that are refused for good. */
let refused: readonly string[] = []
/** The call after whose effect the process is killed, before it gets the answer. */
let killedAt: string | undefined
let kill = (): void => undefined

function answer(response: ServerResponse, path: string, key: string): void {
  calls++
  if (refused.includes(path)) return void response.writeHead(409).end()
  if (!known.has(key)) {
    effects.push(path)
    known.set(key, `${path}-${effects.length}`)
  }
  if (killedAt === path) {
    killedAt = undefined
    return kill()
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ receipt: known.get(key) }))
}

const services: Server[] = []
const addresses: Record<string, string> = {}
beforeAll(async () => {
  for (const variable of ['ORDER_STOCK_URL', 'ORDER_BANK_URL', 'ORDER_CARRIER_URL']) {
    const service = createServer((request, response) => {
      request.resume()
      answer(response, (request.url ?? '').slice(1), String(request.headers['idempotency-key']))
    }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    services.push(service)
    addresses[variable] = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  }
})
afterAll(() => {
  for (const service of services) {
    service.closeAllConnections()
    service.close()
  }
})

let dataDir: string
let running: CliProcess | undefined
beforeEach(async () => {
  dataDir = await temporaryFolder()
  effects = []
  known = new Map()
  calls = 0
  refused = []
  killedAt = undefined
})
afterEach(async () => {
  running?.signal('SIGTERM')
  await running?.ended
  running = undefined
  await rm(dataDir, { recursive: true, force: true })
})

/** @returns the address of its NATS server */
async function up(): Promise<string> {
  const started = await startUp({ dataDir, settings: SETTINGS, env: addresses })
  running = started
  kill = () => started.signal('SIGKILL')
  return started.addresses.natsUrl
}
const last = (id: string): Promise<LogRecord | undefined> =>
  withJetStream(
    loadSettings({}, settingsFor(dataDir, SETTINGS)).settings,
    async (jetstream) => (await lastRecord(jetstream, recordsOf({ tenant: 'acme', kind: 'order', id })))?.record,
  )

async function order(natsUrl: string, id: string): Promise<void> {
  const nc = await connect({ servers: natsUrl })
  await jetstreamOf(nc).publish(`in.acme.order.${id}`, JSON.stringify({ type: 'ordered', data: {} }))
  await nc.close()
}
const reaches = (id: string, state: string) => expect.poll(async () => (await last(id))?.to, { timeout: 60_000 }).toBe(state)

test('an order whose services fail at each point in turn is undone once, in reverse order, or waits for a person', async () => {
  const natsUrl = await up()
  await order(natsUrl, 'fine')
  await reaches('fine', 'shipped')
  expect(effects).toEqual(['reserve', 'charge', 'ship'])
  for (const [refuse, did, state] of [
    [['reserve'], [], 'cancelled'],
    [['charge'], ['reserve', 'release'], 'cancelled'],
    [['ship'], ['reserve', 'charge', 'refund', 'release'], 'cancelled'],
    [['ship', 'refund'], ['reserve', 'charge'], 'attention'],
    [['ship', 'release'], ['reserve', 'charge', 'refund'], 'attention'],
    [['charge', 'release'], ['reserve'], 'attention'],
  ] as const) {
    const id = refuse.join('-')
    effects = []
    refused = refuse
    await order(natsUrl, id)
    await reaches(id, state)
    expect(effects, id).toEqual(did)
  }
})

test.each(['reserve', 'charge', 'refund', 'release'])(
  'a kill -9 after the effect of "%s" and before its answer does nothing twice',
  async (path) => {
    refused = ['ship']
    killedAt = path
    await order(await up(), 'killed')
    await running?.ended
    expect(killedAt).toBeUndefined()
    await up()
    await reaches('killed', 'cancelled')
    expect(effects).toEqual(['reserve', 'charge', 'refund', 'release'])
    expect(calls).toBeGreaterThan(effects.length + 1)
  },
)
