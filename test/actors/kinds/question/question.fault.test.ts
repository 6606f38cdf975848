import { rm } from 'node:fs/promises'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withJetStream } from '../../../../infra/app/connect-to-running.ts'
import { loadSettings } from '../../../../infra/settings.ts'
import { inputSubject } from '../../../../schemas/subjects.ts'
import { modelSettings } from '../../../support/answering-system.ts'
import { completionAfter, type ModelEndpoint, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { type CliOptions, type CliProcess, startUp } from '../../../support/run-cli.ts'
import { readLog } from '../../../support/system-assertions.ts'
import { settingsFor, temporaryFolder } from '../../../support/test-system.ts'

const QUESTIONS = 40
/** Names make different questions of one. */
const nameOf = (index: number): string => `${'BDFGKLMN'[index % 8] ?? ''}${'aeiou'[Math.floor(index / 8)] ?? ''}rta`
const idOf = (index: number): string => `q-${index}`

let endpoint: ModelEndpoint
let options: CliOptions
let running: CliProcess | undefined
beforeEach(async () => {
  endpoint = await startModelEndpoint()
  endpoint.react(completionAfter(100, 'Standard delivery to Germany costs €4.90 [1].'))
  const settings = { ...modelSettings(endpoint.url), ROLES: 'host,dispatch,tasks', QUESTIONS_AT_ONCE: '2', QUESTIONS_WAITING_MAX: '30' }
  options = { dataDir: await temporaryFolder(), settings }
})
afterEach(async () => {
  running?.signal('SIGTERM')
  await running?.ended
  running = undefined
  await endpoint.stop()
  await rm(options.dataDir, { recursive: true, force: true })
})

/** Types of the events that the records of each question emitted, in order, with the reasons of failures. */
const told = (): Promise<Map<string, string[]>> =>
  withJetStream(loadSettings({}, settingsFor(options.dataDir, options.settings)).settings, async (jetstream) => {
    const found = new Map<string, string[]>()
    for (const { actor, record } of await readLog({ running: { jetstream } })) {
      found.set(actor, [
        ...(found.get(actor) ?? []),
        ...record.emitted.map(({ type, data }) => (typeof data['reason'] === 'string' ? `${type} ${data['reason']}` : type)),
      ])
    }
    return found
  })

test('questions whose process is killed while they wait are each accepted once, and answered or refused once', async () => {
  const first = await startUp(options)
  running = first
  const nc = await connect({ servers: first.addresses.natsUrl })
  for (let index = 0; index < QUESTIONS; index++) {
    const subject = inputSubject({ tenant: 'acme', kind: 'question', id: idOf(index) })
    const data = { text: `${nameOf(index)} asks: how much is standard delivery to Germany?` }
    await nc.request(subject, JSON.stringify({ type: 'question.asked', id: 'asked', data }), { timeout: 10_000 })
  }
  await nc.close()
  // Some are answered, and most wait.
  await expect.poll(() => endpoint.asked.length).toBeGreaterThan(6)
  first.signal('SIGKILL')
  await first.ended

  running = await startUp(options)
  const keys = Array.from({ length: QUESTIONS }, (_, index) => `acme/question/${idOf(index)}`)
  await expect
    .poll(
      async () => {
        const events = await told()
        return keys.filter((key) => !(events.get(key) ?? []).some((type) => type !== 'question.accepted'))
      },
      { interval: 500 },
    )
    .toEqual([])
  const events = await told()
  const histories = new Set(keys.map((key) => (events.get(key) ?? []).join(', ')))
  const allowed = ['question.accepted, question.answered', 'question.failed queue_full']
  expect([...histories].filter((one) => !allowed.includes(one))).toEqual([])
  expect(histories).toContain(allowed[0])
})
