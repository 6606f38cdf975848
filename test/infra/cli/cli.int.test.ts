import { rm } from 'node:fs/promises'
import { jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SystemStatus } from '../../../infra/app/system-status.ts'
import { cliJson, type CliProcess, type CliRun, runCli, startCli, startUp } from '../../support/run-cli.ts'
import { temporaryFolder } from '../../support/test-system.ts'

interface Acknowledged {
  readonly position: number
  readonly duplicate: boolean
}
interface Shown {
  readonly n: number
  readonly history: readonly { readonly n: number; readonly input: object; readonly emitted: readonly object[] }[]
}

/** Without tables, which are asked in `cli-sql`. */
const settings = { ROLES: 'host,dispatch,tasks', HTTP_TOKEN: 'correct-horse-battery-staple' }

let dataDir: string
let up: CliProcess
let producer: NatsConnection
const run = (...args: string[]): Promise<CliRun> => runCli(args, { dataDir, settings })
const json = <T>(...args: string[]): Promise<T[]> => cliJson<T>(args, { dataDir, settings })

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const started = await startUp({ dataDir, settings })
  up = started
  producer = await connect({ servers: started.addresses.natsUrl })
})
afterAll(async () => {
  await producer.close()
  up.signal('SIGTERM')
  await up.ended
  await rm(dataDir, { recursive: true })
})

/** Publishes a user's message to NATS directly. */
const say = async (actor: string, text: string): Promise<void> => {
  const data = { role: 'user', text }
  await jetstream(producer).publish(`in.${actor.replaceAll('/', '.')}`, JSON.stringify({ type: 'message.received', data }))
}
const caughtUp = () => json<SystemStatus>('status', '--wait')
/** A command that must fail with this code, and say nothing on stdout. */
const expectFailure = async (code: string, ...args: string[]): Promise<void> => {
  const failed = await run(...args)
  expect([failed.code, failed.stdout]).toEqual([1, ''])
  expect(failed.stderr).toContain(code)
}

test('--help succeeds, and an unknown command fails on stderr alone', async () => {
  const help = await run('dead', 'ls', '--help')

  expect([help.code, help.stderr]).toEqual([0, ''])
  expect(help.stdout).toContain('Usage: colloquy dead ls')
  await expectFailure('unknown command', 'nonsense')
})

test('a published input is acknowledged with its position, handled, answered and shown', async () => {
  const words = ['{"role":"user","text":"Hello!"}', '--id', 'm-1', '--source', 'web', '--time', '2026-01-02T03:04:05Z']
  const hello = ['publish', 'acme/support/c1', 'message.received', ...words]
  const [first] = await json<Acknowledged>(...hello)
  const [again] = await json<Acknowledged>(...hello)
  expect(first?.duplicate).toBe(false)
  expect(again).toEqual({ ...first, duplicate: true })
  await caughtUp()

  const [shown] = await json<Shown>('show', 'acme/support/c1')
  expect(shown).toMatchObject({ tenant: 'acme', kind: 'support', id: 'c1', n: 1, position: first?.position })
  expect(shown?.history).toHaveLength(1)
  expect(shown?.history[0]?.input).toMatchObject({ id: 'm-1', source: 'web', time: '2026-01-02T03:04:05.000Z' })
  expect(shown?.history[0]?.emitted[0]).toMatchObject({ type: 'message.sent', data: { replyTo: 'm-1' } })
})

test.each([
  ['unknown_kind', 'demo/suport/x', 'message.received', '{"text":"hi"}', 'did you mean "support"?'],
  ['undeclared_type', 'demo/support/x', 'message.recieved', '{"text":"hi"}', 'did you mean "message.received"?'],
  ['bad_data', 'demo/support/x', 'message.received', '{"txt":"hi"}', 'data.text'],
])('publish refuses %s, and publishes nothing without --force', async (code, actor, type, data, says) => {
  await caughtUp()
  const published = async (): Promise<unknown> => {
    const [{ log, dead } = {}] = await json<{ log?: unknown; dead?: unknown }>('status')
    return { log, dead }
  }
  const before = await published()
  const refused = await run('publish', actor, type, data)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain(code)
  expect(refused.stderr).toContain(says)
  expect(refused.stderr).toMatch(/[^?.][?.] Nothing was published;/)
  expect(await published()).toEqual(before)

  const forced = await run('publish', actor, type, data, '--force', '--wait', 'actor')
  expect(forced.code).toBe(code === 'undeclared_type' ? 0 : 1)
  expect(forced.stderr).toContain(says)
  expect(forced.stdout).toContain(code === 'undeclared_type' ? 'committed' : `rejected: ${code}`)
})

test("a message without a role is the user's, also where data have no other form", async () => {
  await run('publish', 'demo/support/roleless', 'message.received', '{"text":"Hello"}', '--wait', 'actor')
  const [shown] = await json<Shown>('show', 'demo/support/roleless')
  expect(shown?.history[0]?.input).toMatchObject({ data: { text: 'Hello', role: 'user' } })
})

test('an actor is shown as of any of its records, with the history up to it', async () => {
  for (const text of ['Hello', 'Thanks', 'Bye']) await say('history/support/c1', text)
  await caughtUp()

  const [atTwo] = await json<Shown>('show', 'history/support/c1', '--at', '2')
  const [lastTwo] = await json<Shown>('show', 'history/support/c1', '--limit', '2')

  expect([atTwo?.n, atTwo?.history.map(({ n }) => n)]).toEqual([2, [1, 2]])
  expect([lastTwo?.n, lastTwo?.history.map(({ n }) => n)]).toEqual([3, [2, 3]])
  await expectFailure('code: unknown_record', 'show', 'history/support/c1', '--at', '9')
  await expectFailure('code: unknown_actor', 'show', 'history/support/nobody')
  expect((await run('show', 'history/support/c1')).stdout).toMatch(/record\s+3 of 3[^]*message\.received "Thanks"/)
})

test('the log is followed from now on or from any sequence, for all or some actors', async () => {
  const follower = startCli(['tail', 'tailed/support', '--json', '--limit', '2'], { dataDir, settings })
  // Whether it follows yet shows only by what it says: it is told something until then.
  const telling = setInterval(() => {
    void say('other/support/c1', 'Hi')
    void say('tailed/support/c1', 'Hi')
  }, 100)
  const { code, stdout } = await follower.ended
  clearInterval(telling)
  await caughtUp()

  expect(code).toBe(0)
  const actor = { tenant: 'tailed', kind: 'support', id: 'c1' }
  for (const line of stdout.split('\n')) expect(JSON.parse(line)).toMatchObject(actor)
  const since = await run('tail', '--since', '1', '--limit', '1')
  expect(since.stdout).toMatch(/^ +1 {2}\d\d:\d\d:\d\d\.\d{3} {2}\w+\/support\/c1 {2}· → /)
  const filtered = await json<{ tenant: string }>('tail', '*/*/c1', '--since', '1', '--limit', '3')
  expect(filtered).toHaveLength(3)
})

test('the events of all or some actors are followed on OUT', async () => {
  await say('emits/support/c1', 'Hello!')
  await caughtUp()
  const [event] = await json<{ subject: string; event: { source: string; type: string } }>(
    'tail',
    'emits',
    '--out',
    '--since',
    '1',
    '--limit',
    '1',
  )
  expect(event).toMatchObject({
    subject: 'out.emits.support.c1.message.sent',
    event: { source: 'colloquy/emits/support/c1', type: 'message.sent' },
  })
  const line = await run('tail', 'emits/support/c1', '--out', '--since', '1', '--limit', '1')
  expect(line.stdout).toMatch(/^ +\d+ {2}\d\d:\d\d:\d\d\.\d{3} {2}emits\/support\/c1 {2}message\.sent {2}\{"specversion"/)
})

test('a closed pipe ends the command quietly', async () => {
  const tail = startCli(['tail', '--since', '1'], { dataDir, settings })
  await tail.line(() => true)
  tail.closeStdout()
  const telling = setInterval(() => void say('pipe/support/c1', 'Hi'), 100)

  expect(await tail.ended).toMatchObject({ code: 0, stderr: '' })
  clearInterval(telling)
})

test('the status shows position and lag of each stage, and waits until all have caught up', async () => {
  const [status] = await caughtUp()

  expect(Object.keys(status?.stages ?? {}).sort()).toEqual(['dispatch', 'host', 'tasks'])
  for (const stage of Object.values(status?.stages ?? {})) expect(stage).toMatchObject({ lag: 0, ok: true })
  expect(status).toMatchObject({ durability: { replicas: 1, fsync: '2m' }, log: { last: status?.stages['dispatch']?.position } })
})

test('a dead letter is listed, and shown with its reason and its unchanged payload', async () => {
  await say('morgue/nobody/c1', 'Hi')
  await json('publish', 'morgue/support/c1', 'message.received', '{"role":"king"}', '--id', 'm-2', '--force')
  await caughtUp()

  const deadLetters = await json<{ seq: number; reason: string }>('dead', 'ls', '--each', '--tenant', 'morgue')
  expect(deadLetters.map(({ reason }) => reason)).toEqual(['unknown_kind', 'bad_data'])
  const [bad] = await json<{ seq: number }>('dead', 'ls', '--each', '--reason', 'bad_data', '--limit', '1')
  expect(bad).toEqual(deadLetters[1])
  const [shown] = await json<object>('dead', 'show', String(bad?.seq))
  expect(shown).toMatchObject({ tenant: 'morgue', kind: 'support', id: 'c1', headers: { 'Colloquy-Reason': 'bad_data' } })
  expect(shown).toMatchObject({ error: expect.stringMatching(/^data\.role: .*"user"/) as string })
  const { stdout } = await run('dead', 'show', String(bad?.seq), '--raw')
  expect(stdout).toBe('{"type":"message.received","data":{"role":"king"},"id":"m-2"}')
})

test('an input that every actor would reject is refused before it is sent', async () => {
  const refused = async (...args: string[]): Promise<string> => (await run('publish', 'acme/support/c1', ...args)).stderr

  expect(await refused('x', 'no json')).toContain('code: bad_json')
  expect(await refused('x', '[]')).toContain('code: bad_json')
  expect(await refused('task.done', '{}')).toContain('code: bad_input')
  expect(await refused('x', '{}', '--time', '1492-01-01T00:00:00Z')).toContain('between 1970 and 2100')
  expect((await run('publish', 'a.b/support/c1', 'x', '{}')).stderr).toContain('<tenant>/<kind>/<id>')
})

test('the data of an input may come from stdin', async () => {
  const stdin = '{"role":"user","text":"你好"}'
  const { code } = await runCli(['publish', 'stdin/support/c1', 'message.received', '--file', '-'], { dataDir, settings, stdin })
  await caughtUp()

  expect(code).toBe(0)
  expect(await json('show', 'stdin/support/c1')).toMatchObject([{ history: [{ input: { data: { text: '你好' } } }] }])
})

test('the effective settings are shown with their source, and secrets are masked', async () => {
  const [config] = await json<Record<string, { value: string; source: string }>>('config', '--in-flight-max', '7')

  expect(config?.['COLLOQUY_IN_FLIGHT_MAX']).toMatchObject({ value: '7', source: 'flag' })
  expect(config?.['COLLOQUY_DATA_DIR']).toMatchObject({ value: dataDir, source: 'environment' })
  expect(config?.['COLLOQUY_HTTP_TOKEN']).toMatchObject({ value: '********', source: 'environment' })
})

test('unknown variables make every command fail with an error that names them', async () => {
  const env = { COLLOQUY_NATS_PROT: '1', COLLOQUY_PARTITIONS: 'many' }
  const { code, stdout, stderr } = await runCli(['config'], { dataDir, env })

  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/COLLOQUY_NATS_PROT is not a setting[^]*COLLOQUY_PARTITIONS: [^]*code: bad_setting/)
  expect(stderr).not.toContain('    at ')
})

test('the contract with producers and the kinds in use are printed as JSON', async () => {
  const contract = JSON.parse((await run('asyncapi')).stdout) as object
  const routes = JSON.parse((await run('openapi')).stdout) as object
  const [kinds] = await json('kinds')

  expect(contract).toMatchObject({ asyncapi: '3.1.0' })
  expect(routes).toMatchObject({ openapi: '3.1.0' })
  expect(kinds).toMatchObject({
    support: { version: 9, versions: [9], hash: expect.stringMatching(/^[0-9a-f]{16}$/) as string, tasks: { answer: { attemptsMax: 4 } } },
  })
  await expectFailure('code: no_such_kind', 'kinds', '--retire', 'nobody')
})
