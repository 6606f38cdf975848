import { Command } from 'commander'
import { pino } from 'pino'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { restore } from '../backup/restore.ts'
import { createProgressBar } from './progress-bar.ts'

export const restoreCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<dir>', 'a folder that "colloquy backup" made')
    .option(JSON_FLAG, 'one JSON object: {at, records, dead, logSeq, inboxSeq, actors, tasks, timers, sent, seconds}')
    .addHelpText(
      'after',
      `
Verifies every checksum first. Records keep their LOG sequences. Tasks and timers that actors wait for are queued again; overdue timers
fire at once. No other effect is repeated. The system fills its tables from the log when it starts. After an interrupted restore,
"colloquy up" refuses to start: run the restore again.`,
    )
    .action(async (dir: string, { json }: JsonOption) => {
      const { settings: effective } = settings()
      const log = pino({ level: effective.LOG_LEVEL === 'info' ? 'warn' : effective.LOG_LEVEL }, process.stderr)
      const bar = createProgressBar(out)
      const startedMs = performance.now()
      try {
        const done = await restore(effective, dir, log, { restored: bar.update, waits: bar.waits })
        const seconds = Math.round(performance.now() - startedMs) / 1_000
        bar.stop()
        if (json) return out.json({ ...done, seconds })
        out.line(`${done.records} records up to LOG sequence ${done.logSeq} and ${done.dead} dead letters restored in ${seconds} s.`)
        out.line(`${done.tasks} tasks, ${done.timers} timers and ${done.sent} events between actors are queued.`)
        const lost = `The backup does not hold inputs that were acknowledged after ${done.at}: their producers must resend them.`
        out.line(out.paint('yellow', lost))
        out.line('Start it with "colloquy up". Then "colloquy status --wait" waits for the tables and "colloquy verify" checks them.')
      } finally {
        bar.stop()
      }
    })
