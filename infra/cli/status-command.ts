import { Command } from 'commander'
import type { ProcessCaches } from '../../pipeline/cache/caches-status.ts'
import type { CacheStatus } from '../../pipeline/cache/two-level-cache.ts'
import { textOf } from '../../pipeline/jetstream/removed.ts'
import type { ProcessModels } from '../../pipeline/models/models-status.ts'
import { counted } from '../../schemas/counted.ts'
import { ERROR_CODES } from '../../schemas/error-codes.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { durabilityText } from '../app/durability.ts'
import type { NatsProtection } from '../app/nats-protection.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { type Problem, readProblems, unprovenText } from '../app/system-problems.ts'
import { readStatus, type SystemStatus, waitUntilCaughtUp } from '../app/system-status.ts'
import { onOneLine, type Output } from '../app/terminal-output.ts'
import { modelStateText } from './model-state-text.ts'

interface Options extends JsonOption {
  readonly problems?: true
  readonly wait?: true
  readonly timeoutMs: number
}

const TIMEOUT_MS = 600_000

export const statusCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option('--problems', 'list only what is wrong now, and what to do; the exit code is 1 if there is anything')
    .option('--wait', 'wait until all stages have caught up, and tell on stderr which one lags; timers that are not due do not count')
    .option('--timeout-ms <ms>', 'with --wait: give up after this long', wholeNumber(1), TIMEOUT_MS)
    .option(
      JSON_FLAG,
      'one JSON object: {log: {last}, stages: {<role>: {position, lag, ok, detail}}, dead, badRecords, refusedRows, '
        + 'removed: {records, ranges, unproven: {records, rows, first}, setAside}, durability, nats: {protected, code, detail}, '
        + 'keys: {good, needed}, models: [{pid, from, problem, waiting, models}], autoModel: [{pid, model, detail, problem}], '
        + 'caches: [{pid, shared, caches}]}; '
        + 'with --problems one object per problem: {code, what, remedy}',
    )
    .action(async (options: Options) => {
      const { settings: effective } = settings()
      if (options.problems) {
        if (options.wait) await waitUntilCaughtUp(effective, options.timeoutMs, out.note)
        const problems = await readProblems(effective)
        if (options.json) for (const problem of problems) out.json(problem)
        else printProblems(out, problems)
        if (problems.length > 0) process.exitCode = 1
        return
      }
      const status = options.wait ? await waitUntilCaughtUp(effective, options.timeoutMs, out.note) : await readStatus(effective)
      if (options.json) out.json(status)
      else print(out, status)
    })

function printProblems(out: Output, problems: readonly Problem[]): void {
  if (problems.length === 0) return out.line('Nothing is wrong.')
  for (const { code, what, remedy } of problems) {
    out.line(`${out.paint('red', code)}  ${onOneLine(what)}`)
    out.line(`  ${remedy}`)
  }
}

function print(
  out: Output,
  { log, stages, dead, badRecords, refusedRows, removed, durability, nats, keys, models, autoModel, caches }: SystemStatus,
): void {
  out.table(
    ['stage', 'position', 'lag', 'state'],
    Object.entries(stages).map(([role, stage]) => [
      role,
      String(stage.position),
      out.paint(stage.lag > 0 ? 'yellow' : 'green', String(stage.lag)),
      stage.ok ? stage.detail : out.paint('red', stage.detail),
    ]),
  )
  printModels(out, models)
  printAutoModel(out, autoModel)
  printCaches(out, caches)
  if (badRecords > 0) {
    out.line(
      out.paint(
        'red',
        `${badRecords} messages of LOG are no record and were set aside; "colloquy dead ls --reason bad_record" lists them.`,
      ),
    )
  }
  if (refusedRows > 0) {
    const rows = counted(refusedRows, 'row')
    out.line(out.paint('red', `ClickHouse refuses ${rows}, which the tables lack; "colloquy dead ls --reason row_refused" lists them.`))
  }
  if (removed.records > 0) {
    const { unproven, setAside } = removed
    const lost = `LOG has lost ${counted(removed.records, 'record')} inside: ${textOf(removed.ranges)}. Check the disk of NATS.`
    out.line(out.paint('red', lost))
    if (unproven.records > 0)
      out.line(`The tables still have rows of ${unproven.records} of them, which nothing proves: ${unprovenText(unproven)}.`)
    if (setAside.length > 0)
      out.line(`The last copies of rows of lost records may be in damaged files; do not delete them: ${setAside.join(', ')}.`)
  }
  out.line(`LOG ends at sequence ${log.last}, DEAD has ${counted(dead, 'dead letter')}. ${durabilityText(durability)}`)
  out.line(keysText(keys))
  out.line(nats.protected === true ? protectionText(nats) : out.paint('red', protectionText(nats)))
}

/** The language models, as all processes see them together. */
function printModels(out: Output, processes: readonly ProcessModels[]): void {
  for (const problem of new Set(processes.flatMap((one) => one.problem ?? [])))
    out.line(out.paint('red', `The changed file of models is not used: ${onOneLine(problem)}`))
  const byName = Map.groupBy(
    processes.flatMap(({ models }) => models),
    ({ name }) => name,
  )
  if (byName.size === 0) return
  out.table(
    ['model', 'tier', 'requests', 'failed', 'state'],
    [...byName].map(([name, all]) => [
      name,
      all[0]?.tier ?? '',
      String(all.reduce((sum, { requests }) => sum + requests, 0)),
      String(all.reduce((sum, { failures }) => sum + failures, 0)),
      out.paint(all.every(({ state }) => state === 'ready') ? 'green' : 'red', modelStateText(all)),
    ]),
  )
}

/** Where the model of `auto` cannot be had. How far it is otherwise, the stage `embed` says. */
function printAutoModel(out: Output, processes: SystemStatus['autoModel']): void {
  for (const { pid, problem } of processes) {
    if (problem === null) continue
    out.line(out.paint('red', `Process ${pid} lacks the embedding model of "auto", ${onOneLine(problem)}.`))
    out.line(ERROR_CODES.auto_model_missing.remedy)
  }
}

/** The caches, as all processes see them together. */
function printCaches(out: Output, processes: readonly ProcessCaches[]): void {
  const used = processes
    .flatMap(({ caches }) => caches)
    .filter(({ memory, shared, joined, filled }) => memory + shared + joined + filled > 0)
  const byName = Map.groupBy(used, ({ name }) => name)
  if (byName.size === 0) return
  const sum = (all: readonly CacheStatus[], of: (one: CacheStatus) => number): number => all.reduce((total, one) => total + of(one), 0)
  out.table(
    ['cache', 'look-ups', 'hits', 'in memory', 'shared', 'joined', 'stale', 'bytes'],
    [...byName].map(([name, all]) => {
      const [memory, shared, joined] = [sum(all, (one) => one.memory), sum(all, (one) => one.shared), sum(all, (one) => one.joined)]
      const hits = memory + shared + joined
      const lookUps = hits + sum(all, (one) => one.filled)
      const share = (part: number): string => `${Math.round((100 * part) / lookUps)} %`
      const figures = [sum(all, (one) => one.stale), sum(all, (one) => one.bytes)].map(String)
      return [name, String(lookUps), share(hits), share(memory), share(shared), share(joined), ...figures]
    }),
  )
}

const keysText = ({ good, needed }: SystemStatus['keys']): string =>
  needed
    ? `Requests over HTTP need a key, of which ${good} are good, or COLLOQUY_HTTP_TOKEN. SQL is open to everybody on this machine.`
    : 'Nothing is protected by keys: everybody on this machine may do everything over HTTP and SQL ("colloquy key issue --admin").'

function protectionText({ protected: isProtected, code, detail }: NatsProtection): string {
  if (isProtected === null) return `It is unknown whether NATS is protected (${code}): ${detail}. Repeat the command.`
  if (isProtected) return `NATS is protected: ${detail}.`
  return `NATS is not protected (${code}): ${detail}. Configure it with what "colloquy nats-config" prints.`
}
