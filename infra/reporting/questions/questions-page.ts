import type { Question } from './questions.ts'

/** The page docs/questions.md: every question in words and as a query. Made of the files of the queries, which are the truth. */
export const questionsPage = (questions: readonly Question[]): string => [
  '# The first twelve questions',
  '',
  'This page is made by `colloquy questions --markdown` from `infra/reporting/questions`.',
  '',
  INTRODUCTION,
  '',
  ...questions.map(({ name, title }, index) => `${index + 1}. [${title}](#${anchor(title)}) (\`${name}\`)`),
  '',
  ...questions.flatMap(({ name, title, definition, sql }) => [
    `## ${title}`, '', definition, '', `\`colloquy questions ${name}\``, '', '```sql', sql, '```', '',
  ]),
  AS_OF,
  '',
].join('\n')

const anchor = (title: string): string => title.toLowerCase().replace(/[^a-z0-9 -]/g, '').replaceAll(' ', '-')

const INTRODUCTION = `Each is one query with three parameters: \`tenant\`, \`from\` and \`to\` (times in UTC; \`from\` belongs to the period, \`to\` does not). The
user \`analyst\` may ask them, with any client that speaks ClickHouse's HTTP interface:

\`\`\`sh
npx colloquy questions containment --tenant acme --from 2026-11-01 --to 2026-12-01
npx colloquy report --tenant acme --lang zh --out report.html   # all twelve, with charts, in English or Chinese
curl "http://127.0.0.1:8123/?user=analyst&param_tenant=acme&param_from=2026-11-01+00:00:00&param_to=2026-12-01+00:00:00&default_format=PrettyCompact" \\
  --data-binary @infra/reporting/questions/containment.sql
\`\`\`

What holds for all of them:

- Cases, not conversations, are counted: a case goes from its opening to its closing, and what the customer says after that opens another.
- Unknown is \`NULL\`, never 0; a rate over nothing is \`NULL\`.
- Imported history is in \`messages\`, \`cases\` and \`turns\` with \`history = true\`. The machine never saw it, so it is in no answer.
- \`total = 1\` marks the row for all; the others are its parts, and a \`NULL\` in their key is the part of which it is not known.
- Quantiles are exact: the value at the place floor(q · n) of the n sorted values, counted from 0.
- The period goes by our times: when something arrived or was decided, never by what a producer says of itself.`

const AS_OF = `## As of a sequence

\`freshness\` says how far the tables are: \`projected_seq\` is the LOG sequence up to which everything is in them. To have an answer that
can be had again:

- **What happened by then.** The rows of \`events\`, \`messages\`, \`citations\` (\`seq\`), \`state_intervals\` (\`left_seq\`) and \`dead_letters\`
  (\`seq\`) never change: add \`AND seq <= {at:UInt64}\`.
- **How things stood then.** A row of \`actors\`, \`conversations\`, \`cases\`, \`turns\` and \`tasks\` is replaced when it changes.
  \`colloquy rebuild --into colloquy_monday --to <seq>\` makes all tables as they stood at that sequence in a database of their own. Every
  query of this page runs there unchanged: \`colloquy questions cost --database colloquy_monday\`, and \`colloquy report\` likewise.
- **Not before.** \`SELECT … WHERE (SELECT ok FROM complete_to(seq = 12345))\` fails with \`not_complete\` as long as the tables are not that far.`
