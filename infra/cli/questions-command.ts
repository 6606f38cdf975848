import { Argument, Command } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { printable } from '../app/terminal-output.ts'
import { zonedText } from '../reporting/calendar/time-zone.ts'
import { askQuestion, type Scope, UTC } from '../reporting/questions/ask-question.ts'
import { type Cell, compareAnswers, type ComparedRow, type Row, sharedNames } from '../reporting/questions/compare-answers.ts'
import { periodText } from '../reporting/questions/periods.ts'
import { type Answer, loadQuestion, QUESTION_NAMES, type QuestionName, TIME_COLUMNS } from '../reporting/questions/questions.ts'
import { questionsPage } from '../reporting/questions/questions-page.ts'
import { absentLabelPath, resolveScope } from '../reporting/questions/resolve-scope.ts'
import { joinMeanings } from './join-meanings.ts'
import { addPeriodFlags, daysOf, type PeriodOptions, previousScopeOf, scopeOf } from './period-flags.ts'
import { trendNotes } from './trend-notes.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends JsonOption, PeriodOptions {
  readonly markdown?: true
}

export function questionsCommand({ out, settings }: CommandContext): Command {
  async function list({ markdown, json }: Options): Promise<void> {
    const questions = await Promise.all(QUESTION_NAMES.map(loadQuestion))
    if (markdown) out.stdout.write(questionsPage(questions))
    else if (json) for (const question of questions) out.json(question)
    else
      out.table(
        ['name', 'question'],
        questions.map(({ name, title }) => [name, title]),
      )
  }

  async function ask(name: QuestionName, options: Options): Promise<void> {
    const wanted = scopeOf(options, new Date(), daysOf(name))
    await withAnalyst(settings().settings, options.database, out, async (clickhouse) => {
      const scope = await resolveScope(clickhouse, wanted)
      const answerOf = async (of: Scope): Promise<Answer<QuestionName>> =>
        name === 'unanswered'
          ? joinMeanings(settings().settings, out, of, await askQuestion(clickhouse, name, of))
          : askQuestion(clickhouse, name, of)
      const rows = await answerOf(scope)
      if (name === 'label-funnel' && rows.every((row) => !('value' in row) || row.value === null)) {
        const absent = await absentLabelPath(clickhouse, scope)
        if (absent !== undefined) out.note(absent)
      }
      if (name === 'trends') for (const note of await trendNotes(clickhouse, scope, rows)) out.note(note)
      const before = previousScopeOf(scope, options.compare)
      if (before === undefined) return printAnswer(rows, options)
      const previousRows = await answerOf(before)
      out.note(`${periodText(scope, options.tz)}, compared with ${periodText(before, options.tz)}`)
      printComparison(name, compareAnswers(name, { scope, rows }, { scope: before, rows: previousRows }), options)
    })
  }

  function printAnswer(rows: readonly Row[], { json, tz }: Options): void {
    if (json) for (const row of rows) out.json(row)
    else
      out.table(
        Object.keys(rows[0] ?? {}),
        rows.map((row) => Object.entries(row).map(([column, value]) => cell(column, value, tz))),
      )
  }

  /** Each row as three lines, so that the figures of a column stand below one another. */
  function printComparison(name: QuestionName, compared: readonly ComparedRow[], { json, tz }: Options): void {
    if (json) for (const { row, previous, change } of compared) out.json({ ...row, previous, change })
    else
      out.table(
        ['period', ...Object.keys(compared[0]?.row ?? {})],
        compared.flatMap(({ row, previous, change }) => {
          const shared = sharedNames(name, row)
          const line = (of: (column: string) => Cell | undefined): string[] =>
            Object.keys(row).map((column) => cell(column, (shared.includes(column) ? row[column] : of(column)) ?? null, tz))
          return [
            ['this', ...line((column) => row[column])],
            ['previous', ...line((column) => previous?.[column])],
            ['change', ...line((column) => signed(change[column]))],
          ]
        }),
      )
  }

  return addPeriodFlags(new Command().addArgument(new Argument('[name]', 'the question to ask').choices(QUESTION_NAMES)))
    .option('--markdown', 'print all questions with their queries, as in docs/questions.md')
    .option(JSON_FLAG, 'one JSON object per row; with --compare it has "previous" and "change"')
    .addHelpText(
      'after',
      `
Examples:
  colloquy questions
  colloquy questions containment --tenant acme --from 2026-11-01
  colloquy questions label-funnel --label plan.name
  colloquy questions trends --kind support --type message.received --tz Asia/Shanghai
  colloquy questions backlog --tz Asia/Shanghai --from 2026-11-01 --to 2026-11-02
  colloquy questions escalations --kind support --from 2026-11-01 --to 2026-12-01 --compare previous`,
    )
    .action((name: QuestionName | undefined, options: Options) => (name === undefined ? list(options) : ask(name, options)))
}

function cell(column: string, value: Cell, tz: string): string {
  if (value === null) return ''
  const isTime = tz !== UTC && typeof value === 'string' && TIME_COLUMNS.includes(column)
  return isTime ? zonedText(new Date(value), tz) : printable(String(value))
}

const signed = (change: number | null | undefined): string | null => (change == null ? null : change > 0 ? `+${change}` : String(change))
