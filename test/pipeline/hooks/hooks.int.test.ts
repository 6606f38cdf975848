import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hookKind } from '../../../actors/kinds/hook/kind.ts'
import { openBucket } from '../../../infra/app/prepare-streams.ts'
import { startHookDelivery } from '../../../pipeline/hooks/deliver-hook.ts'
import { createPublicAgent } from '../../../pipeline/hooks/public-address.ts'
import { signatureOf } from '../../../pipeline/hooks/signed-post.ts'
import { type HookReceiver, startHookReceiver } from '../../support/hook-receiver.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let receiver: HookReceiver
let system: System
let cli: { dataDir: string }
beforeAll(async () => {
  receiver = await startHookReceiver()
  system = await startSystem({ kinds: [toyKind, hookKind], settings: { ROLES: 'host,dispatch,tasks', HOOK_HOSTS: receiver.host } })
  cli = { dataDir: system.settings.DATA_DIR }
})
afterAll(async () => {
  await system.stop()
  await receiver.stop()
})
afterEach(() => {
  receiver.answer = () => 204
})

let named = 0
/** An actor that no other test has. */
const actor = (): string => `a${++named}`
const add = (id: string, count: number) =>
  publishAll(
    system,
    Array.from({ length: count }, () => ({ subject: `in.acme.toy.${id}`, body: { type: 'add', data: { by: 1 } } })),
  )
const taken = (id: string): unknown[] =>
  receiver.calls.filter(({ event, status }) => status === 204 && event.source.endsWith(`/${id}`)).map(({ event }) => event.data['count'])
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
const hooks = (...args: readonly string[]) => runCli(['hooks', ...args, '--tenant', 'acme'], cli)
const lettersOf = async (id: string): Promise<string[]> => {
  const { state } = await system.running.jetstream.jsm.streams.info('DEAD', { subjects_filter: `dead.hook_failed.acme.toy.${id}` })
  return Object.keys(state.subjects ?? {})
}

describe('a hook', () => {
  test('is called for each event from then on, in the order of each actor, with a signature that its key proves', async () => {
    const [early, a, b] = [actor(), actor(), actor()]
    await add(early, 1)
    expect(await hooks('set', 'count', 'counted', receiver.url, '--kind', 'toy')).toMatchObject({ code: 0 })
    await add(a, 20)
    await add(b, 20)
    await expect.poll(() => [taken(a), taken(b)]).toEqual([upTo(20), upTo(20)])
    expect(taken(early)).toEqual([])
    const [{ key = '' } = {}] = await cliJson<{ key?: string }>(['hooks', 'key', 'count', '--tenant', 'acme'], cli)
    const secret = Buffer.from(key.replace('whsec_', ''), 'base64')
    for (const { id, timestamp, signature, body, event } of receiver.calls) {
      expect(signature).toBe(signatureOf(secret, id, timestamp, body))
      expect(event).toMatchObject({ specversion: '1.0', id, type: 'counted' })
    }
  })

  test('that does not take an event gets it again; its actor waits, and no other', async () => {
    const [a, b] = [actor(), actor()]
    let refused = 0
    receiver.answer = ({ event }) => (event.source.endsWith(`/${a}`) && refused++ < 2 ? 503 : 204)
    await add(a, 3)
    await add(b, 3)
    await expect.poll(() => taken(b)).toEqual(upTo(3))
    await expect.poll(() => taken(a)).toEqual(upTo(3))
    expect(new Set(receiver.calls.filter(({ status }) => status === 503).map(({ id }) => id)).size).toBe(1)
  })

  test('goes on where it was when it is changed, is listed, and ends when it is removed', async () => {
    const a = actor()
    await add(a, 2)
    await hooks('set', 'count', 'counted', `${receiver.url}?v=2`)
    await add(a, 2)
    await expect.poll(() => taken(a)).toEqual(upTo(4))
    expect(await cliJson(['hooks', 'ls', '--tenant', 'acme'], cli)).toEqual([
      { name: 'count', kind: null, type: 'counted', url: `${receiver.url}?v=2`, isCalled: true },
    ])
    await hooks('rm', 'count')
    const [b, c] = [actor(), actor()]
    await hooks('set', 'other', '*', receiver.url)
    await add(b, 1)
    await hooks('set', 'count', 'counted', receiver.url)
    await add(c, 1)
    await expect.poll(() => taken(c)).toEqual([1, 1])
    expect(taken(b)).toEqual([1])
    await hooks('rm', 'count')
    await hooks('rm', 'other')
  })

  test('that names an address inside is not called: each event is a dead letter at once', async () => {
    const a = actor()
    const inside = receiver.url.replace('127.0.0.1', 'localhost')
    await hooks('set', 'inside', 'counted', inside)
    await add(a, 1)
    await expect.poll(() => lettersOf(a)).toHaveLength(1)
    const [letter] = await cliJson<Record<string, unknown>>(['dead', 'ls', '--tenant', 'acme'], cli)
    expect(letter).toMatchObject({ reason: 'hook_failed', error: expect.stringContaining('COLLOQUY_HOOK_HOSTS') as string })
    expect(taken(a)).toEqual([])
    await hooks('rm', 'inside')
  })

  test.each([
    ['message sent', 'https://example.com/'],
    ['counted', 'file:///etc/passwd'],
    ['counted', 'https://me:secret@example.com/'],
  ])('is refused with what is wrong: %s %s', async (type, url) => {
    const { code, stderr } = await hooks('set', 'wrong', type, url)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/(type|url): must/)])
    expect(stderr).toContain('bad_hook')
  })
})

test('what no attempt delivers is a dead letter, and the next event of the actor follows; a redirect is not followed', async () => {
  const a = actor()
  const { jetstream, metrics } = system.running
  const agent = createPublicAgent([receiver.host])
  const deps = { jetstream, kv: await openBucket(jetstream.nc), agent, secret: Buffer.alloc(32), log: silent, metrics }
  receiver.answer = ({ event }) => (event.data['count'] === 1 ? 307 : 204)
  const hook = { tenant: 'acme', name: 'direct', beginnings: 1, type: 'counted', url: receiver.url }
  const run = await startHookDelivery({ ...deps, pauses: { minMs: 1, maxMs: 10 }, retriesMax: 3 }, hook)
  await add(a, 2)
  await expect.poll(() => taken(a)).toEqual([2])
  expect(receiver.calls.filter(({ event, status }) => status === 307 && event.source.endsWith(`/${a}`))).toHaveLength(4)
  expect(await lettersOf(a)).toHaveLength(1)
  await run.stop()
  await agent.destroy()
})

test('a server that never answers holds up no other hook', async () => {
  const silentOne = await startHookReceiver()
  silentOne.answer = () => undefined
  await using stopped = new AsyncDisposableStack()
  stopped.defer(() => silentOne.stop())
  const { jetstream, metrics } = system.running
  const agent = createPublicAgent([receiver.host, silentOne.host])
  stopped.defer(() => agent.destroy())
  const deps = { jetstream, kv: await openBucket(jetstream.nc), agent, secret: Buffer.alloc(32), log: silent, metrics }
  for (const [name, url] of [
    ['hanging', silentOne.url],
    ['well', receiver.url],
  ] as const) {
    const run = await startHookDelivery(deps, { tenant: 'acme', name, beginnings: 1, type: 'counted', url })
    stopped.defer(() => run.stop())
  }
  const ids = Array.from({ length: 40 }, actor)
  for (const id of ids) await add(id, 1)
  await expect.poll(() => ids.map(taken)).toEqual(ids.map(() => [1]))
})
