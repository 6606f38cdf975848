import { Argument, Command } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { printable } from '../app/terminal-output.ts'
import { askQuestion } from '../reporting/questions/ask-question.ts'
import { loadQuestion, QUESTION_NAMES, type QuestionName } from '../reporting/questions/questions.ts'
import { questionsPage } from '../reporting/questions/questions-page.ts'
import { addPeriodFlags, type PeriodOptions, scopeOf } from './period-flags.ts'
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
    const scope = scopeOf(options, new Date())
    const rows = await withAnalyst(settings().settings, options.database, out, (clickhouse) => askQuestion(clickhouse, name, scope))
    if (options.json) for (const row of rows) out.json(row)
    else
      out.table(
        Object.keys(rows[0] ?? {}),
        rows.map((row) => Object.values<Cell>(row).map(cell)),
      )
  }

  return addPeriodFlags(
    new Command('questions')
      .description('list the questions that the tables answer, or answer one, as the user "analyst"')
      .addArgument(new Argument('[name]', 'the question to ask').choices(QUESTION_NAMES)),
  )
    .option('--markdown', 'print all questions with their queries, as in docs/questions.md')
    .option(JSON_FLAG, 'one JSON object per row')
    .addHelpText(
      'after',
      `
Examples:
  colloquy questions
  colloquy questions containment --tenant acme --from 2026-11-01`,
    )
    .action((name: QuestionName | undefined, options: Options) => (name === undefined ? list(options) : ask(name, options)))
}

type Cell = string | number | boolean | null
const cell = (value: Cell): string => (value === null ? '' : printable(String(value)))
