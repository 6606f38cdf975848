import { Command } from 'commander'
import { pino } from 'pino'
import { restore } from '../backup/restore.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { createProgressBar } from './progress-bar.ts'

export const restoreCommand = ({ out, settings }: CommandContext): Command =>
  new Command('restore')
    .description('put a backup into an empty system that does not run')
    .argument('<dir>', 'a folder that "colloquy backup" made')
    .option(JSON_FLAG, 'one JSON object: {at, records, dead, logSeq, inboxSeq, actors, tasks, timers, sent, seconds}')
    .addHelpText('after', `
Checks every checksum first. The log gets the sequences that it had; tasks and timers that actors wait for are put in again, and overdue
timers fire at once; no other effect is repeated. The tables are filled from the log when the system starts. Cut off, it keeps
"colloquy up" from starting on what is half there, and is begun anew by running it again.`)
    .action(async (dir: string, { json }: JsonOption) => {
      const { settings: effective } = settings()
      const log = pino({ level: effective.LOG_LEVEL === 'info' ? 'warn' : effective.LOG_LEVEL }, process.stderr)
      const bar = createProgressBar(out)
      const begunMs = performance.now()
      try {
        const done = await restore(effective, dir, log, { restored: bar.update, waits: bar.waits })
        const seconds = Math.round(performance.now() - begunMs) / 1_000
        bar.stop()
        if (json) return out.json({ ...done, seconds })
        out.line(`${done.records} records up to LOG sequence ${done.logSeq} and ${done.dead} dead letters restored in ${seconds} s.`)
        out.line(`${done.tasks} tasks, ${done.timers} timers and ${done.sent} events between actors wait to go on.`)
        out.line(out.paint('yellow', `Inputs that were acknowledged after ${done.at} are not in this backup: whoever sent them has to send them again.`))
        out.line('Start it with "colloquy up"; "colloquy status --wait" and then "colloquy verify" tell when the tables are whole.')
      } finally {
        bar.stop()
      }
    })
