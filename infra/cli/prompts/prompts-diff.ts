import { diff } from 'node:util'
import { Command } from 'commander'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { printable } from '../../app/terminal-output.ts'
import { nameArgument, type PromptOptions, withTenant } from './prompt-option.ts'
import { textOfVersion } from './prompts-show.ts'

/** How a line is shown: by `util.diff`, 1 is only in its first text, -1 only in its second. */
const SIGNS = { '1': { sign: '-', colour: 'red' }, '0': { sign: ' ', colour: 'dim' }, '-1': { sign: '+', colour: 'green' } } as const

export const diffCommand = ({ out, settings }: CommandContext): Command =>
  withTenant(new Command('diff'), 'one JSON object per line: {sign: "+" | "-" | " ", line}')
    .description('show the lines in which two versions of a prompt differ')
    .argument('<name>', 'the prompt', nameArgument)
    .argument('<one>', 'a version; 0 is the built-in text, in English', wholeNumber(0))
    .argument('[other]', 'another one (default: the newest)', wholeNumber(0))
    .action(async (name: string, one: number, other: number | undefined, { tenant, json }: PromptOptions) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const [before, after] = await Promise.all([one, other].map((version) => textOfVersion(jetstream, { tenant, name }, version)))
        const lines = (text: { text: string; variables: Readonly<Record<string, string>> } | undefined): string[] => [
          ...(text?.text.split('\n') ?? []),
          ...Object.entries(text?.variables ?? {}).map(([key, value]) => `${key}=${value}`),
        ]
        for (const [operation, line] of diff(lines(before), lines(after))) {
          const { sign, colour } = SIGNS[operation]
          if (json) out.json({ sign, line })
          else out.line(out.paint(colour, `${sign} ${printable(line)}`))
        }
      })
    })
