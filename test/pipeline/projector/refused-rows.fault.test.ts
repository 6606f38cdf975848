import { afterEach, beforeEach, expect, test } from 'vitest'
import { STANDSTILL_MS } from '../../../infra/app/stage-stillness.ts'
import { readProblems } from '../../../infra/app/system-problems.ts'
import { readStatus } from '../../../infra/app/system-status.ts'
import { findDeadLetter } from '../../../pipeline/dead-letters/dead-letters.ts'
import { runCli } from '../../support/run-cli.ts'
import { support } from '../../support/support-harness.ts'
import { caughtUp, publishAll, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeEach(async () => {
  system = await startSystem({ kinds: [support] })
})
afterEach(() => system.stop())

const command = (query: string) => system.running.client?.command({ query })
const say = (texts: readonly string[], kind = 'support') =>
  publishAll(
    system,
    texts.map((text, index) => ({
      subject: `in.acme.${kind}.c${index}`,
      body: { type: 'message.received', data: { role: 'user', text } },
    })),
  )

test('a row that ClickHouse refuses for a reason of its own goes to DEAD, and the projector goes on with all others', async () => {
  // Code 395, which is in no list.
  await command("ALTER TABLE messages_rows ADD COLUMN strict UInt8 MATERIALIZED throwIf(startsWith(text, 'x'))")
  // A row whose JSON is not the reason.
  await command("ALTER TABLE events_rows ADD CONSTRAINT no_c7 CHECK actor != 'c7' OR idx != 0")

  await say(Array.from({ length: 40 }, (_, index) => (index % 20 === 3 ? `x${index}` : `text ${index}`)))
  await caughtUp(system)

  const [{ n } = { n: 0 }] = await rows<{ n: number }>(system, "SELECT count() AS n FROM messages WHERE role = 'user'")
  expect(n).toBe(38)
  expect(await rows(system, "SELECT count() AS n FROM events WHERE actor = 'c7' AND idx = 0")).toEqual([{ n: 0 }])
  const { refusedRows, stages } = await readStatus(system.settings)
  const c7 = (await rows<{ n: number }>(system, "SELECT count() AS n FROM events WHERE actor = 'c8' AND idx = 0"))[0]?.n ?? 0
  expect(refusedRows).toBe(2 + c7)
  expect(stages.project).toMatchObject({ ok: true, lag: 0 })
  const problems = await readProblems(system.settings)
  expect(problems).toContainEqual(expect.objectContaining({ code: 'row_refused' }))
  const letter = await findDeadLetter(system.running.jetstream, 1)
  expect(letter?.error).toMatch(/[Cc]onstraint|throwIf/)
  expect(JSON.parse(Buffer.from(letter?.payload ?? []).toString())).toMatchObject({
    table: expect.any(String) as string,
    row: { tenant: 'acme' },
  })
  expect(new Set((await tablesBesideLog(system)).map(({ kind }) => kind))).toEqual(new Set(['missing']))

  // As the remedy says.
  await command('ALTER TABLE messages_rows DROP COLUMN strict')
  await command('ALTER TABLE events_rows DROP CONSTRAINT no_c7')
  const cli = { dataDir: system.settings.DATA_DIR }
  expect(await runCli(['rebuild'], cli)).toMatchObject({ code: 0, stderr: expect.not.stringContaining('code:') as string })
  expect(await runCli(['dead', 'redrive', '--reason', 'row_refused'], cli)).toMatchObject({ code: 1 })
  expect(await runCli(['dead', 'drop', '--reason', 'row_refused'], cli)).toMatchObject({ code: 0 })
  expect(await tablesBesideLog(system)).toEqual([])
  expect((await readStatus(system.settings)).dead).toBe(0)
}, 60_000)

test('a projector that cannot write is shown to stand still, with the reason, and writes all rows once it can', async () => {
  const [{ definition } = { definition: '' }] = await rows<{ definition: string }>(system, 'SHOW CREATE TABLE turns_rows').then((all) =>
    all.map((row) => ({ definition: Object.values(row)[0] as string })),
  )
  await command('DROP TABLE turns_rows SYNC')
  await say(['Where is my order?'])

  await expect
    .poll(async () => (await readStatus(system.settings)).stages.project, { timeout: STANDSTILL_MS + 20_000, interval: 1_000 })
    .toMatchObject({ ok: false, detail: expect.stringMatching(/^stands still for \d+ s, \d+ messages? behind: .*turns/) as string })
  expect(await readProblems(system.settings)).toContainEqual(expect.objectContaining({ code: 'stage_failing' }))
  expect((await readStatus(system.settings)).dead).toBe(0)

  await command(definition)
  await caughtUp(system)
  expect((await readStatus(system.settings)).stages.project).toMatchObject({ ok: true, lag: 0 })
  expect(await tablesBesideLog(system)).toEqual([])
}, 90_000)
