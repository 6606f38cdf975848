import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { evaluateRemotely } from '../../pipeline/quality/evaluate-client.ts'
import { codeOf } from '../../schemas/errors.ts'
import { DIMENSIONS, evaluatorName } from '../../schemas/quality.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { httpAddress } from '../app/connect-to-running.ts'
import { printable } from '../app/terminal-output.ts'

interface Options extends JsonOption {
  readonly query: string
  readonly response: string
  readonly context: readonly string[]
  readonly lang?: string
}

/** Errors by which a text is not the name of a file that can be read. */
const NO_FILE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'ERR_INVALID_ARG_VALUE'])

/** The text of a file; the text itself where there is no such file. */
const textOf = (text: string): Promise<string> =>
  readFile(text, 'utf8').catch((error: unknown) => {
    if (NO_FILE.has(codeOf(error))) return text
    throw error
  })

export const evaluateCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .requiredOption('--query <text>', 'the question; "" for an answer that nobody asked for')
    .requiredOption('--response <text>', 'the answer, without its citations')
    .option(
      '--context <file|text>',
      'a passage that the answer cites: a file or the text itself; may be repeated; without any, groundedness is unknown',
      (text: string, before: readonly string[]) => [...before, text],
      [],
    )
    .option('--lang <tag>', 'language that the answer should have (default: that of the question)')
    .option(JSON_FLAG, 'one JSON object: {evaluator, version, scores, overall, reasons, suggestions}')
    .addHelpText(
      'after',
      `
Examples:
  colloquy evaluate --query "退货要几天？" --response "14 天内可以退货。" --context "收到商品 14 天内可以退货。"
  colloquy evaluate --query "How long do returns take?" --response "Thirty days." --context docs/returns.md --json`,
    )
    .action(async ({ query, response, context, lang, json }: Options) => {
      const { settings: effective } = settings()
      const url = await httpAddress(effective)
      const request = { query, response, context: await Promise.all(context.map(textOf)), ...(lang !== undefined && { lang }) }
      const found = await evaluateRemotely({ url, token: effective.HTTP_TOKEN }, request)
      if (json) return out.json(found)
      const line = (name: string, value: string): void => out.line(`${name.padEnd(14)}${value}`)
      line('overall', found.overall.toFixed(2))
      for (const dimension of DIMENSIONS) line(dimension, found.scores[dimension]?.toFixed(2) ?? 'unknown: no passage')
      line('reasons', printable(found.reasons.join(', ')) || 'none')
      for (const suggestion of found.suggestions) line('suggestion', printable(suggestion))
      line('evaluator', evaluatorName(found))
      return undefined
    })
