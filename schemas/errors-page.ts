import { ERROR_AREAS } from './error-codes.ts'
import type { ErrorText } from './error-codes/error-text.ts'

/** The page docs/errors.md: every error code with its meaning, its cause and its remedy. */
export const errorsPage = (): string =>
  [
    '# Errors',
    '',
    'This page is made by `colloquy errors`. `colloquy errors <code>` prints one of them.',
    '',
    INTRODUCTION,
    '',
    ...Object.entries(ERROR_AREAS).flatMap(([title, codes]) => section(title, codes)),
  ].join('\n')

const INTRODUCTION = `What holds for all of them:

- A code never changes; match on it, not on the message. The message names the setting, command or field in question.
- A command prints \`error: <message>\` and \`code: <code>\`, and exits with 1. Log lines have the code as \`code\`.
- An HTTP answer that is an error is a problem of RFC 9457 with the member \`code\`, and has the status of the table.
- Other codes come from the author of a task (\`TerminalError\`, \`RetryLaterError\`), or from Node, NATS or ClickHouse, such as
  \`ECONNREFUSED\` or a number.`

const section = (title: string, codes: Readonly<Record<string, ErrorText>>): string[] => [
  `## ${title}`,
  '',
  '| code | what happened | why | what to do | where |',
  '|---|---|---|---|---|',
  ...Object.entries(codes).map(row),
  '',
]

const row = ([code, { meaning, cause, remedy, where, http }]: [string, ErrorText]): string =>
  `| ${[`\`${code}\``, meaning, cause, remedy, http === undefined ? where : `${where}; HTTP ${http}`].map(cell).join(' | ')} |`

const cell = (text: string): string => text.replaceAll('|', '\\|')
