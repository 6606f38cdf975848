import { Command } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { backUp } from '../backup/backup.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { printable } from '../app/terminal-output.ts'
import { createProgressBar } from './progress-bar.ts'
import { bytesText } from './bytes-text.ts'
import { watchInterrupts } from '../app/interrupts.ts'

export const backupCommand = ({ out, settings }: CommandContext): Command =>
  new Command('backup')
    .description('copy the log of a running system, with the knowledge in it, into a folder; only what is new where it has an earlier backup')
    .argument('<dir>', 'the folder; made if it is missing')
    .option(JSON_FLAG, 'one JSON object: {dir, at, decided, from, to, records, dead, bytes, recordsInAll, bytesInAll, seconds}')
    .addHelpText('after', `
Holds the log, dead letters as they came, and the register of kinds: all else follows from them. Not in it: OUT, which is kept for
a bounded time, and inputs that are acknowledged after it began. Segments are JSON lines (zstd), named with their sha256 in manifest.json.
Cut off, it leaves the backup that was there before.`)
    .action(async (dir: string, { json }: JsonOption) => {
      const { settings: effective } = settings()
      const stop = new AbortController()
      const interrupts = watchInterrupts(() => undefined)
      void interrupts.first.then(() => stop.abort(new ColloquyError('backup_given_up', `the backup was given up; what ${dir} had before is still there. Run it again`)))
      const bar = createProgressBar(out)
      const begunMs = performance.now()
      try {
        const done = await backUp(effective, dir, { copied: bar.update, waits: bar.waits }, stop.signal)
        const seconds = Math.round(performance.now() - begunMs) / 1_000
        bar.stop()
        if (json) return out.json({ ...done, seconds })
        out.line(`${done.records} records and ${done.dead} dead letters, ${bytesText(done.bytes)}, in ${seconds} s; ${printable(done.dir)} has ${done.recordsInAll} records up to LOG sequence ${done.to}, ${bytesText(done.bytesInAll)}.`)
        out.line(done.decided
          ? `Every input that was acknowledged before ${done.at} is in it.`
          : out.paint('yellow', 'The hosts did not keep up: some inputs that were acknowledged have no record yet and are not in it. Run it again when "colloquy status" shows no lag.'))
      } finally {
        bar.stop()
        interrupts.stop()
      }
    })
