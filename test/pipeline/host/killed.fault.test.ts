import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isProcessAlive } from '../../../pipeline/runtime/process-alive.ts'
import { type CliOptions, runCli, startCli } from '../../support/run-cli.ts'
import { caughtUp, readLog, rows } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colloquy-killed-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const CONVERSATIONS = 300
const TURNS = 12
const conversation = (n: number) => ({
  id: `k-${n}`,
  lang: n % 2 === 0 ? 'en' : 'zh',
  turns: Array.from({ length: TURNS }, (_, turn) => ({
    role: turn % 2 === 0 ? 'user' : 'assistant',
    text: n % 2 === 0 ? `Turn ${turn} of conversation ${n}` : `第${n}个对话的第${turn}句`,
  })),
})

/** A process and all its descendants. */
async function treeOf(root: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => undefined)
    if (stat !== undefined) parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  return tree
}

/** The columns that must not depend on when and how often a process was killed. */
const tablesOf = async (system: System) => ({
  messages: await rows(
    system,
    'SELECT tenant, actor, role, lang, text, chars, history, case_no, id FROM messages ORDER BY tenant, actor, seq, idx',
  ),
  conversations: await rows(system, 'SELECT actor, state, messages, user_msgs, bot_msgs, intent FROM conversations ORDER BY actor'),
  actors: await rows(system, 'SELECT actor, state, status, n FROM actors ORDER BY actor'),
  events: await rows(
    system,
    'SELECT actor, n, idx, type, id, source, outcome, state_from, state_to, data_raw FROM events ORDER BY actor, n, idx',
  ),
  dead: await rows(system, 'SELECT reason, count() AS n FROM dead_letters GROUP BY reason'),
})

test.skipIf(process.platform !== 'linux')(
  'an import that is repeated after kill -9 of every process leaves the same tables as one without a kill',
  async () => {
    const file = join(folder, 'conversations.jsonl')
    await writeFile(file, Array.from({ length: CONVERSATIONS }, (_, n) => JSON.stringify(conversation(n))).join('\n'))

    const reference = await startSystem({ dataDir: join(folder, 'reference') })
    expect((await runCli(['import', file, '--wait'], { dataDir: join(folder, 'reference') })).code).toBe(0)
    await caughtUp(reference)
    const expectedTables = await tablesOf(reference)
    await reference.stop()
    expect(expectedTables.messages).toHaveLength(CONVERSATIONS * TURNS)

    const options: CliOptions = { dataDir: join(folder, 'killed') }
    for (const share of [0.2, 0.6]) {
      const up = startCli(['up', '--no-demo'], options)
      await up.line((line) => line.startsWith('HTTP'))
      const importing = startCli(['import', file], options)
      await hasLogged(options, share * CONVERSATIONS * TURNS)
      const tree = await treeOf(up.pid)
      expect(tree.length).toBeGreaterThan(2)
      for (const pid of tree) process.kill(pid, 'SIGKILL')
      importing.signal('SIGKILL')
      await Promise.all([up.ended, importing.ended])
      await expect.poll(() => tree.filter(isProcessAlive)).toEqual([])
    }

    const again = await startSystem({ dataDir: options.dataDir })
    expect((await runCli(['import', file, '--wait'], options)).code).toBe(0)
    await caughtUp(again)
    expect(await tablesOf(again)).toEqual(expectedTables)
    const inputs = (await readLog(again)).map((entry) => `${entry.actor} ${entry.record.input.id}`)
    expect(new Set(inputs).size).toBe(inputs.length)
    await again.stop()
  },
  180_000,
)

/** Waits until `status` reports more than so many records in LOG. */
async function hasLogged(options: CliOptions, records: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const { stdout } = await runCli(['status', '--json'], options)
        return (JSON.parse(stdout || '{"log":{"last":0}}') as { log: { last: number } }).log.last
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBeGreaterThan(records)
}
