import { Command } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { durabilityText } from '../app/durability.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { readStatus, type SystemStatus, waitUntilCaughtUp } from '../app/system-status.ts'
import type { Output } from '../app/terminal-output.ts'

interface Options extends JsonOption {
  readonly wait?: true
  readonly timeoutMs: number
}

const TIMEOUT_MS = 600_000

export const statusCommand = ({ out, settings }: CommandContext): Command =>
  new Command('status')
    .description('show the position and lag of every stage')
    .option('--wait', 'wait until all stages have caught up; timers that are not due do not count')
    .option('--timeout-ms <ms>', 'with --wait: give up after this long', wholeNumber(1), TIMEOUT_MS)
    .option(
      JSON_FLAG,
      'one JSON object: {log: {last}, stages: {<role>: {position, lag, ok, detail}}, dead, durability, nats: {protected, code, detail}}',
    )
    .action(async (options: Options) => {
      const { settings: effective } = settings()
      const status = options.wait ? await waitUntilCaughtUp(effective, options.timeoutMs) : await readStatus(effective)
      if (options.json) out.json(status)
      else print(out, status)
    })

function print(out: Output, { log, stages, dead, durability, nats }: SystemStatus): void {
  out.table(
    ['stage', 'position', 'lag', 'state'],
    Object.entries(stages).map(([role, stage]) => [
      role,
      String(stage.position),
      out.paint(stage.lag > 0 ? 'yellow' : 'green', String(stage.lag)),
      stage.ok ? stage.detail : out.paint('red', stage.detail),
    ]),
  )
  out.line(`LOG has ${log.last} records, DEAD ${dead} dead letters. ${durabilityText(durability)}`)
  out.line(
    nats.protected
      ? `NATS is protected: ${nats.detail}.`
      : out.paint('red', `NATS is not protected (${nats.code}): ${nats.detail}. Configure it with what "colloquy nats-config" prints.`),
  )
}
