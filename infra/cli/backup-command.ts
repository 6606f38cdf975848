import { Command } from 'commander'
import { countIn, textOf } from '../../pipeline/jetstream/removed.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { watchInterrupts } from '../app/interrupts.ts'
import { printable } from '../app/terminal-output.ts'
import { backUp } from '../backup/backup.ts'
import { createProgressBar } from './progress-bar.ts'

export const backupCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<dir>', 'the folder; created if it is missing')
    .option(
      JSON_FLAG,
      'one JSON object: {dir, at, decided, from, to, records, dead, bytes, objects, recordsInAll, bytesInAll, removed, seconds}',
    )
    .addHelpText(
      'after',
      `
A backup holds the log (with all knowledge), dead letters with their payloads, the objects of tasks, and the registered kinds. A restored
system rebuilds its tables and search index from these. A backup does not hold OUT, whose events expire, or inputs acknowledged after its
start. Segments are JSON lines (zstd), listed with their sha256 in manifest.json. An interrupted backup leaves the earlier one intact.`,
    )
    .action(async (dir: string, { json }: JsonOption) => {
      const { settings: effective } = settings()
      const stop = new AbortController()
      const interrupts = watchInterrupts(() => undefined)
      void interrupts.first.then(() =>
        stop.abort(new ColloquyError('backup_given_up', `the backup was interrupted; ${dir} still has the earlier one. Run it again`)),
      )
      const bar = createProgressBar(out)
      const startedMs = performance.now()
      try {
        const done = await backUp(effective, dir, { copied: bar.update, waits: bar.waits }, stop.signal)
        const seconds = Math.round(performance.now() - startedMs) / 1_000
        bar.stop()
        if (json) return out.json({ ...done, seconds })
        out.line(
          `${done.records} records and ${done.dead} dead letters, ${bytesText(done.bytes)}, in ${seconds} s; ${printable(
            done.dir,
          )} has ${done.recordsInAll} records up to LOG sequence ${done.to}, ${bytesText(done.bytesInAll)}.`,
        )
        out.line(
          done.decided
            ? `It holds every input that was acknowledged before ${done.at}.`
            : out.paint(
                'yellow',
                'The hosts lag: some acknowledged inputs have no record yet and are missing from it. '
                  + 'Run it again when "colloquy status" shows no lag.',
              ),
        )
        if (done.removed.length > 0) {
          out.line(
            out.paint(
              'yellow',
              `LOG has lost ${counted(countIn(done.removed), 'record')} (${textOf(done.removed)}). A backup copies what LOG has, and no `
                + 'rows of tables: those of lost records are not in it, see "colloquy status --problems".',
            ),
          )
        }
      } finally {
        bar.stop()
        interrupts.stop()
      }
    })

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

function bytesText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1)
  return `${power === 0 ? bytes : (bytes / 1_000 ** power).toFixed(1)} ${UNITS[power]}`
}
