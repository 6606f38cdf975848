import { execFileSync } from 'node:child_process'
import { pino } from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import { type ChildSpec, supervise, type SupervisedChild } from '../../../infra/servers/supervise.ts'
import { isProcessAlive } from '../../../pipeline/runtime/process-alive.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'

const log = pino({ level: 'silent' })
const children: SupervisedChild[] = []

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()))
})

const idle = 'setInterval(() => {}, 1000)'

const nodeChild = (script: string, ready: () => Promise<void>): ChildSpec => ({
  name: 'the child',
  command: process.execPath,
  args: ['-e', script],
  ready,
})

async function start(spec: ChildSpec): Promise<SupervisedChild> {
  const child = await supervise(spec, { log })
  children.push(child)
  return child
}

test('a child is started once its probe succeeds, however many attempts that takes', async () => {
  let asked = 0
  const child = await start(
    nodeChild(idle, async () => {
      asked += 1
      if (asked < 4) throw new Error('not yet')
    }),
  )

  expect(asked).toBe(4)
  expect(isProcessAlive(child.pid ?? 0)).toBe(true)
})

test('a child that dies before it is ready is an error with the end of its stderr', async () => {
  const failed = start(nodeChild('console.error("the disk is on fire"); process.exit(3)', () => Promise.reject(new Error('no'))))

  const error: unknown = await failed.catch((reason: unknown) => reason)
  expect(codeOf(error)).toBe('child_failed')
  expect(messageOf(error)).toContain('exit code 3')
  expect(messageOf(error)).toContain('the disk is on fire')
})

test('a command that does not exist is an error that names it', async () => {
  const failed = start({ ...nodeChild('', () => Promise.reject(new Error('no'))), command: 'no-such-program' })

  const error: unknown = await failed.catch((reason: unknown) => reason)
  expect(codeOf(error)).toBe('child_failed')
  expect(messageOf(error)).toContain('no-such-program')
})

test('a child that is not ready in time is an error and is not left running', async () => {
  const failed = start({
    name: 'the child',
    command: 'sh',
    args: ['-c', 'echo pid=$$ >&2; exec sleep 600'],
    ready: () => Promise.reject(new Error('nobody there')),
    readyTimeoutMs: 1_000,
  })

  const message = messageOf(await failed.catch((reason: unknown) => reason))
  expect(message).toContain('nobody there')
  const pid = Number(/pid=(\d+)/.exec(message)?.[1])
  expect(pid).toBeGreaterThan(0)
  expect(isProcessAlive(pid)).toBe(false)
})

test('a probe that hangs does not make a start hang', async () => {
  const failed = start({ ...nodeChild(idle, () => new Promise(() => {})), readyTimeoutMs: 300 })

  expect(codeOf(await failed.catch((reason: unknown) => reason))).toBe('child_failed')
})

test('a child that dies is restarted, and onRestart is called', async () => {
  const onRestart = vi.fn()
  const child = await start({ ...nodeChild(idle, async () => {}), onRestart })
  const first = child.pid ?? 0

  process.kill(first, 'SIGKILL')

  await expect.poll(() => onRestart.mock.calls.length).toBe(1)
  expect(child.restarts).toBe(1)
  expect(child.pid).not.toBe(first)
  expect(isProcessAlive(child.pid ?? 0)).toBe(true)
})

test('a stopped child stays stopped, also when it was about to be restarted', async () => {
  const child = await start(nodeChild(idle, async () => {}))
  process.kill(child.pid ?? 0, 'SIGKILL')
  await expect.poll(() => child.pid, { interval: 5 }).toBeUndefined()

  await child.stop()

  expect(child.pid).toBeUndefined()
  expect(child.restarts).toBe(0)
})

test('stop ends a child that ignores SIGTERM, and may be called twice', async () => {
  let handlerSet = false
  const script = `process.on('SIGTERM', () => {}); console.log('ready'); ${idle}`
  const child = await start({
    ...nodeChild(script, async () => {
      if (!handlerSet) throw new Error('not yet')
    }),
    stopTimeoutMs: 300,
    lineLevel: (line) => {
      handlerSet ||= line === 'ready'
      return 'debug'
    },
  })
  const pid = child.pid ?? 0

  await Promise.all([child.stop(), child.stop()])

  expect(isProcessAlive(pid)).toBe(false)
})

test('processes that a child leaves in its process group end with it', async () => {
  let grandchild = 0
  const script = `console.log('pid=' + require('node:child_process').spawn('sleep', ['600']).pid); ${idle}`
  const child = await start({
    ...nodeChild(script, async () => {
      if (grandchild === 0) throw new Error('not yet')
    }),
    lineLevel: (line) => {
      grandchild ||= Number(/pid=(\d+)/.exec(line)?.[1] ?? 0)
      return 'debug'
    },
  })
  expect(isProcessAlive(grandchild)).toBe(true)

  await child.stop()

  await expect.poll(() => isProcessAlive(grandchild)).toBe(false)
})

test('a child has its own process group, so that Ctrl-C does not reach it', async () => {
  const child = await start(nodeChild(idle, async () => {}))

  expect(Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(child.pid)], { encoding: 'utf8' }))).toBe(child.pid)
})

test('a child has the environment of its owner and the additions', async () => {
  const seen: string[] = []
  await start({
    ...nodeChild(`console.log(process.env.COLOUR + ' ' + (process.env.PATH ? 'with a PATH' : 'without')); ${idle}`, async () => {
      if (seen.length === 0) throw new Error('not yet')
    }),
    env: { COLOUR: 'green' },
    lineLevel: (line) => {
      seen.push(line)
      return 'debug'
    },
  })

  expect(seen).toEqual(['green with a PATH'])
})
