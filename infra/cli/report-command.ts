import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { dayOf, daysBefore, startOfDay } from '../reporting/calendar/time-zone.ts'
import { resolveScope } from '../reporting/questions/resolve-scope.ts'
import type { JoinMeanings } from '../reporting/report/report.ts'
import { type Language, LANGUAGES } from '../reporting/report/report-format.ts'
import { joinMeanings } from './join-meanings.ts'
import { addPeriodFlags, type PeriodOptions, previousScopeOf, scopeOf } from './period-flags.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends JsonOption, PeriodOptions {
  readonly lang: Language
  readonly out: string
  readonly social?: true
}

const FILE = 'colloquy-report.html'

export const reportCommand = ({ out, settings }: CommandContext): Command =>
  addPeriodFlags(new Command())
    .addOption(new Option('--lang <language>', 'the language of the report').choices(LANGUAGES).default('en'))
    .option('--out <file>', 'the file to write, replaced if it exists; - for stdout', FILE)
    .option('--social', 'report on posts, topics and authors instead (default period: the last whole day of --tz)')
    .option(JSON_FLAG, 'one JSON object: {file, tenant, kind, tz, from, to}, and previous with --compare')
    .addHelpText(
      'after',
      `
Examples:
  colloquy report --tenant acme
  colloquy report --tenant acme --from 2026-11-01 --to 2026-12-01 --tz Asia/Shanghai --lang zh --out november.html
  colloquy report --social --tenant acme --tz Asia/Shanghai --lang zh
  colloquy report --tenant acme --kind support --from 2026-11-01 --to 2026-12-01 --compare previous`,
    )
    .action(async (options: Options) => {
      const now = new Date()
      const wanted = scopeOf(options.social === true ? lastDay(options, now) : options, now)
      const { makeReport } = await import('../reporting/report/report.ts')
      const join: JoinMeanings = (of, rows) => joinMeanings(settings().settings, out, of, rows)
      const { scope, before, page } = await withAnalyst(settings().settings, options.database, out, async (clickhouse, repairing) => {
        const scope = await resolveScope(clickhouse, wanted)
        const before = previousScopeOf(scope, options.compare)
        if (options.social === true) {
          const { makeSocialReport } = await import('../reporting/social/social-report.ts')
          return { scope, before: undefined, page: await makeSocialReport(clickhouse, scope, now, options.lang) }
        }
        return { scope, before, page: await makeReport(clickhouse, { scope, repairing, madeAt: now }, before, options.lang, join) }
      })
      if (options.out === '-') {
        out.stdout.write(page)
        return
      }
      await namingFile(options.out, writeFile(options.out, page))
      if (options.json)
        out.json({ file: options.out, ...scope, ...(before === undefined ? {} : { previous: { from: before.from, to: before.to } }) })
      else out.line(`Report written to ${options.out}.`)
    })

/** The options with the last whole day as their period, where they state none. */
const lastDay = (options: Options, now: Date): Options => {
  const today = (zone: string): Date => startOfDay(dayOf(now, zone), zone)
  return { ...options, to: options.to ?? today, from: options.from ?? ((zone) => daysBefore(options.to?.(zone) ?? today(zone), 1, zone)) }
}
