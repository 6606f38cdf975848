import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askQuestion } from '../../../../infra/reporting/questions/ask-question.ts'
import { inputSubject } from '../../../../schemas/subjects.ts'
import { modelSettings } from '../../../support/answering-system.ts'
import { completion, type ModelEndpoint, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { caughtUp, publishAll, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const DAY_MS = 24 * 3_600_000
const PLACES = 2
const WAITING_MAX = 4
const ANSWER = 'Standard delivery to Germany costs €4.90 [1].'
/** Different questions, which the same passage answers. */
const ASKERS = ['Anna', 'Bea', 'Carl', 'Dora', 'Emil', 'Fred', 'Gina', 'Hugo', 'Ines']
const textOf = (asker: string): string => `${asker} asks: how much is standard delivery to Germany?`

interface Event {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

let endpoint: ModelEndpoint
let system: System
/** What each question was told, in order. */
const told = new Map<string, Event[]>()

beforeAll(async () => {
  endpoint = await startModelEndpoint()
  const settings = { QUESTIONS_AT_ONCE: String(PLACES), QUESTIONS_WAITING_MAX: String(WAITING_MAX) }
  system = await startSystem({ settings: { ...modelSettings(endpoint.url), ...settings } })
  system.producer.subscribe('out.acme.question.>', {
    callback(_, message) {
      const id = message.subject.split('.')[3] ?? ''
      told.set(id, [...(told.get(id) ?? []), message.json<Event>()])
    },
  })
  await system.producer.flush()
})
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
})

const ask = (questions: Readonly<Record<string, string>>) =>
  publishAll(
    system,
    Object.entries(questions).map(([id, text]) => ({
      subject: inputSubject({ tenant: 'acme', kind: 'question', id }),
      body: { type: 'question.asked', id: `${id}-1`, data: { text } },
    })),
  )
const typesOf = (id: string): string[] => (told.get(id) ?? []).map(({ type }) => type)
const lastOf = (id: string): Event['data'] => told.get(id)?.at(-1)?.data ?? {}
const isOver = (id: string): boolean => ['question.answered', 'question.failed'].includes(typesOf(id).at(-1) ?? '')

/** Holds the answers of the model until it is called. */
function holdAnswers(): () => void {
  const held = new AbortController()
  endpoint.react(async (response, request) => {
    if (!held.signal.aborted) await once(held.signal, 'abort')
    await completion(ANSWER)(response, request)
  })
  return () => held.abort()
}

describe('a question', () => {
  test('is accepted and answered, and the tables have what was expected beside what it became', async () => {
    endpoint.react(completion(ANSWER))
    await ask({ one: 'How much is standard delivery to Germany?' })
    await expect.poll(() => typesOf('one')).toEqual(['question.accepted', 'question.answered'])
    expect(lastOf('one')).toMatchObject({
      text: 'Standard delivery to Germany costs €4.90.',
      lang: 'en',
      waitedMs: expect.any(Number) as number,
    })
    await caughtUp(system)
    const found = await rows(system, "SELECT queuePlace, expectedMs, waitedMs FROM question_question_answered WHERE actor = 'one'")
    expect(found).toMatchObject([{ queuePlace: lastOf('one')['queuePlace'], waitedMs: lastOf('one')['waitedMs'] }])
  })

  test('that is equal to one that waits is answered with it', async () => {
    const release = holdAnswers()
    const before = endpoint.asked.length
    const ids = Array.from({ length: PLACES + WAITING_MAX }, (_, index) => `equal-${index}`)
    await ask(Object.fromEntries(ids.map((id, index) => [id, index % 2 === 0 ? textOf('Zoe') : textOf('zoe').toUpperCase()])))
    await expect.poll(() => endpoint.asked.length).toBe(before + 1)
    release()
    await expect.poll(() => ids.filter(isOver)).toEqual(ids)
    expect(ids.map((id) => lastOf(id)['text'])).toEqual(ids.map(() => 'Standard delivery to Germany costs €4.90.'))
    expect(endpoint.asked.length).toBe(before + 1)
    expect(ids.filter((id) => lastOf(id)['cachedFrom'] !== undefined)).toHaveLength(ids.length - 1)
    await caughtUp(system)
    const { client } = system.running
    if (client === undefined) throw new Error('this system has no tables')
    const scope = { tenant: 'acme', kind: 'question', from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) }
    const [all] = await askQuestion(client, 'cache-freshness', scope)
    expect(all).toMatchObject({ total: true, answers: ids.length - 1, stale: 0, late: 0 })
  })

  test('beyond those that may wait is refused at once, takes no place, and costs no model', async () => {
    const release = holdAnswers()
    const before = endpoint.asked.length
    const [first = '', second = '', ...others] = ASKERS
    await ask({ [first]: textOf(first), [second]: textOf(second) })
    await expect.poll(() => endpoint.asked.length).toBe(before + PLACES)
    await ask(Object.fromEntries(others.map((asker) => [asker, textOf(asker)])))
    await expect.poll(() => others.map((asker) => typesOf(asker).length)).toEqual(others.map(() => 1))
    const refused = others.filter((asker) => typesOf(asker)[0] === 'question.failed')
    // Refused runs leave the queue while the others are counted: the two counts of the server may disagree by one.
    const accepted = others.length - refused.length
    expect([WAITING_MAX, WAITING_MAX + 1]).toContain(accepted)
    expect(refused.map(lastOf)).toEqual(refused.map(() => ({ reason: 'queue_full' })))
    release()
    await expect.poll(() => ASKERS.filter(isOver).sort()).toEqual([...ASKERS].sort())
    expect(endpoint.asked.length).toBe(before + PLACES + accepted)
    expect(ASKERS.filter((asker) => lastOf(asker)['text'] !== undefined)).toHaveLength(PLACES + accepted)
  })

  test('of more than 1,000 characters is rejected, and one of 1 MB is not stored', async () => {
    const url = `${system.running.http?.url ?? ''}/v1/in/acme/question`
    const post = async (id: string, text: string) => {
      const body = JSON.stringify({ type: 'question.asked', id: 'q-1', data: { text } })
      const response = await fetch(`${url}/${id}?wait=actor`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    const tooLong = await post('long', '长'.repeat(1_001))
    const detail = expect.stringContaining('data.text: must have at most 1000 characters') as string
    expect(tooLong).toMatchObject({ status: 422, body: { code: 'rejected', detail } })
    const megabyte = await post('mega', 'a'.repeat(1024 ** 2))
    expect(megabyte).toMatchObject({ status: 413, body: { code: 'too_large', detail: expect.stringContaining('262144') as string } })
    expect((await fetch(`${system.running.http?.url ?? ''}/v1/actors/acme/question/mega`)).status).toBe(404)
  })
})
