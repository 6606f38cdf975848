import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliJson, runCli, startCli, startUp, type CliProcess, type CliRun } from './cli.ts'
import { temporaryFolder } from './system.ts'

/** Without tables, which are asked in `cli-sql`. */
const settings = { ROLES: 'host,dispatch,tasks', HTTP_TOKEN: 'correct-horse-battery-staple' }

let dataDir: string
let up: CliProcess
const run = (...args: string[]): Promise<CliRun> => runCli(args, { dataDir, settings })
const json = <T>(...args: string[]): Promise<T[]> => cliJson<T>(args, { dataDir, settings })

beforeAll(async () => {
  dataDir = await temporaryFolder()
  up = await startUp({ dataDir, settings })
})
afterAll(async () => {
  up.signal('SIGTERM')
  await up.ended
  await rm(dataDir, { recursive: true })
})

const publish = async (actor: string, text: string, id: string): Promise<void> => {
  await json('publish', actor, 'message.received', JSON.stringify({ role: 'user', text }), '--id', id)
}
const level = () => json<{ stages: Record<string, { position: number; lag: number }>; log: { last: number }; dead: number }>('status', '--wait')

describe('every command', () => {
  const commands = ['up', 'publish', 'import', 'tail', 'show', 'status', 'sql', 'config', 'asyncapi', 'kinds', 'dead', 'dead ls', 'dead show']

  test('is in the help, has help of its own, and no help is an error', async () => {
    const { code, stdout } = await run('--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(/Settings \(each also as COLLOQUY_…[^]*--nats-port/)
    const helps = await Promise.all(commands.map(async (command) => run(...command.split(' '), '--help')))
    for (const [index, help] of helps.entries()) {
      expect(help).toMatchObject({ code: 0, stderr: '' })
      expect(help.stdout).toContain(`Usage: colloquy ${commands[index]}`)
    }
  })

  test('that is unknown is an error on stderr alone', async () => {
    expect(await run('nonsense')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('unknown command') as string })
  })
})

test('what is published is acknowledged with its position, handled, answered and shown', async () => {
  const [first] = await json<{ position: number; duplicate: boolean }>(
    'publish', 'acme/support/c1', 'message.received', '{"role":"user","text":"Hello!"}', '--id', 'm-1', '--source', 'web', '--time', '2026-01-02T03:04:05Z')
  const [again] = await json<{ position: number; duplicate: boolean }>('publish', 'acme/support/c1', 'message.received', '{"role":"user","text":"Hello!"}', '--id', 'm-1')
  expect(first?.duplicate).toBe(false)
  expect(again).toEqual({ ...first, duplicate: true })
  await level()

  const [shown] = await json<{ n: number; position: number; history: { input: object; emitted: { type: string; data: object }[] }[] }>('show', 'acme/support/c1')
  expect(shown).toMatchObject({ tenant: 'acme', kind: 'support', id: 'c1', n: 1, position: first?.position, status: 'active', machine: 'support@1' })
  expect(shown?.history).toHaveLength(1)
  expect(shown?.history[0]?.input).toMatchObject({ id: 'm-1', source: 'web', time: '2026-01-02T03:04:05.000Z' })
  expect(shown?.history[0]?.emitted[0]).toMatchObject({ type: 'message.sent', data: { replyTo: 'm-1' } })
})

test('an actor is shown at any of its records, with the history up to it', async () => {
  for (const n of [1, 2, 3]) await publish('history/support/c1', `Thanks ${n}`, `m-${n}`)
  await level()

  const [atTwo] = await json<{ n: number; history: { n: number }[] }>('show', 'history/support/c1', '--at', '2')
  const [lastTwo] = await json<{ n: number; history: { n: number }[] }>('show', 'history/support/c1', '--limit', '2')

  expect([atTwo?.n, atTwo?.history.map(({ n }) => n)]).toEqual([2, [1, 2]])
  expect([lastTwo?.n, lastTwo?.history.map(({ n }) => n)]).toEqual([3, [2, 3]])
  expect(await run('show', 'history/support/c1', '--at', '9')).toMatchObject({ code: 1, stderr: expect.stringContaining('code: unknown_record') as string })
  expect(await run('show', 'history/support/nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('code: unknown_actor') as string })
  expect((await run('show', 'history/support/c1')).stdout).toMatch(/record\s+3 of 3[^]*message\.received "Thanks 2"/)
})

test('the log is followed from now on, or from any sequence, for whom one wants to hear', async () => {
  const follower = startCli(['tail', 'tailed/support', '--json', '--limit', '2'], { dataDir, settings })
  // Whether it follows yet shows only by what it says: it is told something until then.
  let told = 0
  const telling = setInterval(() => void publish('tailed/support/c1', 'Hi', `m-${told += 1}`).catch(() => undefined), 500)
  const { code, stdout } = await follower.ended
  clearInterval(telling)
  await publish('other/support/c1', 'Hi', 'm-1')
  await level()

  expect(code).toBe(0)
  for (const line of stdout.split('\n')) expect(JSON.parse(line)).toMatchObject({ tenant: 'tailed', kind: 'support', id: 'c1', v: 1 })
  const since = await run('tail', '--since', '1', '--limit', '1')
  expect(since.stdout).toMatch(/^ +1 {2}\d\d:\d\d:\d\d\.\d{3} {2}\w+\/support\/c1 {2}· → /)
  const filtered = await json<{ tenant: string }>('tail', '*/*/c1', '--since', '1', '--limit', '3')
  expect(filtered).toHaveLength(3)
})

test('a reader that has seen enough ends the command quietly', async () => {
  const tail = startCli(['tail', '--since', '1'], { dataDir, settings })
  await tail.line(() => true)
  tail.closeStdout()
  const telling = setInterval(() => void publish('pipe/support/c1', 'Hi', `m-${Math.random()}`).catch(() => undefined), 200)

  expect(await tail.ended).toMatchObject({ code: 0, stderr: '' })
  clearInterval(telling)
})

test('the status has the position and lag of each stage, and waits until all are level', async () => {
  const [status] = await level()

  expect(Object.keys(status?.stages ?? {}).sort()).toEqual(['dispatch', 'host', 'tasks'])
  for (const stage of Object.values(status?.stages ?? {})) expect(stage).toMatchObject({ lag: 0, ok: true })
  expect(status).toMatchObject({ durability: { replicas: 1, fsync: '2m' }, log: { last: status?.stages['dispatch']?.position } })
})

test('a dead letter is listed and shown with its reason and its payload untouched', async () => {
  await publish('morgue/nobody/c1', 'Hi', 'm-1')
  await json('publish', 'morgue/support/c1', 'message.received', '{"role":"king"}', '--id', 'm-2')
  await level()

  const letters = await json<{ seq: number; reason: string }>('dead', 'ls', '--tenant', 'morgue')
  expect(letters.map(({ reason }) => reason)).toEqual(['unknown_kind', 'bad_data'])
  const [bad] = await json<{ seq: number }>('dead', 'ls', '--reason', 'bad_data', '--limit', '1')
  expect(bad).toEqual(letters[1])
  const [shown] = await json<object>('dead', 'show', String(bad?.seq))
  expect(shown).toMatchObject({ tenant: 'morgue', kind: 'support', id: 'c1', reason: 'bad_data', headers: { 'Colloquy-Reason': 'bad_data' } })
  expect(shown).toMatchObject({ error: expect.stringMatching(/^data\.role: .*"user"/) as string })
  expect((await run('dead', 'show', String(bad?.seq), '--raw')).stdout).toBe('{"type":"message.received","id":"m-2","data":{"role":"king"}}')
})

test('what would be rejected whoever gets it is refused before it is sent', async () => {
  const refused = async (...args: string[]): Promise<string> => (await run('publish', 'acme/support/c1', ...args)).stderr

  expect(await refused('x', 'no json')).toContain('code: bad_json')
  expect(await refused('x', '[]')).toContain('code: bad_json')
  expect(await refused('task.done', '{}')).toContain('code: bad_input')
  expect(await refused('x', '{}', '--time', '1492-01-01T00:00:00Z')).toContain('between 1970 and 2100')
  expect((await run('publish', 'a.b/support/c1', 'x', '{}')).stderr).toContain('<tenant>/<kind>/<id>')
})

test('the data of an input may come from stdin', async () => {
  const { code } = await runCli(['publish', 'stdin/support/c1', 'message.received', '--file', '-'], { dataDir, settings, stdin: '{"role":"user","text":"你好"}' })
  await level()

  expect(code).toBe(0)
  expect(await json('show', 'stdin/support/c1')).toMatchObject([{ history: [{ input: { data: { text: '你好' } } }] }])
})

test('the effective settings are shown with their source, and secrets are masked', async () => {
  const [config] = await json<Record<string, { value: string; source: string }>>('config', '--in-flight-max', '7')

  expect(config?.['COLLOQUY_IN_FLIGHT_MAX']).toMatchObject({ value: '7', source: 'flag' })
  expect(config?.['COLLOQUY_DATA_DIR']).toMatchObject({ value: dataDir, source: 'environment' })
  expect(config?.['COLLOQUY_HTTP_TOKEN']).toMatchObject({ value: '********', source: 'environment' })
})

test('wrong variables end every command with an error that names them', async () => {
  const { code, stdout, stderr } = await runCli(['config'], { dataDir, env: { COLLOQUY_NATS_PROT: '1', COLLOQUY_PARTITIONS: 'many' } })

  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/COLLOQUY_NATS_PROT is not a setting[^]*COLLOQUY_PARTITIONS: [^]*code: bad_setting/)
  expect(stderr).not.toContain('    at ')
})

test('the contract with producers and the kinds in use are printed as JSON', async () => {
  const contract = JSON.parse((await run('asyncapi')).stdout) as object
  const [kinds] = await json('kinds')

  expect(contract).toMatchObject({ asyncapi: '3.0.0' })
  expect(kinds).toEqual({ support: 1 })
  expect(await run('kinds', '--retire', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('no_such_kind') as string })
})
