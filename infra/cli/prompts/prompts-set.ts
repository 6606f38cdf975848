import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { Command, InvalidArgumentError } from 'commander'
import { promptHash } from '../../../actors/kinds/prompt/prompt-context.ts'
import { setProblem } from '../../../actors/kinds/prompt/prompt-problems.ts'
import { KNOWN_VARIABLES } from '../../../actors/prompting/built-in-prompts.ts'
import { namingFile } from '../../../pipeline/runtime/file-errors.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { promptSet } from '../../../schemas/prompt-events.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { changePrompt, nameArgument, type PromptOptions, withTenant } from './prompt-option.ts'

interface Options extends PromptOptions {
  readonly var: Readonly<Record<string, string>>
  readonly note?: string
}

function variableOption(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/su.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be <name>=<value>.')
  return { ...before, [name]: value }
}

const VARIABLES_HELP = Object.entries(KNOWN_VARIABLES).map(([name, meaning]) => `  {{${name}}}`.padEnd(16) + meaning)

export const setCommand = (cli: CommandContext): Command =>
  withTenant(new Command('set'), 'one JSON object: {version, hash}')
    .description('set the next version of a prompt; nobody gets it before it is released')
    .argument('<name>', 'the prompt, such as "answer"', nameArgument)
    .argument('<file>', 'the text; - for stdin')
    .option('--var <name=value>', 'a variable of its own; may be repeated', variableOption, {})
    .option('--note <text>', 'what is new')
    .addHelpText(
      'after',
      `
A text is a template: {{name}} stands for the value of a variable. There is nothing else in it: no conditions, loops or calls.

Variables of every prompt:
${VARIABLES_HELP.join('\n')}

Examples:
  colloquy prompts set answer answer.txt --tenant acme --note "shorter answers"
  colloquy prompts release answer 2 --tenant acme --share 0.1`,
    )
    .action(async (name: string, file: string, { tenant, var: variables, note, json }: Options) => {
      const text = file === '-' ? await textOf(process.stdin) : await namingFile(file, readFile(file, 'utf8'))
      const data = promptSet.safeParse({ text: text.trimEnd(), variables, ...(note !== undefined && { note }) }, IN_WORDS)
      if (!data.success) throw new ColloquyError('bad_prompt', zodProblem(data.error, ''))
      const problem = setProblem(data.data)
      if (problem !== undefined) throw new ColloquyError('bad_prompt', problem)
      const hash = promptHash(data.data)
      const made = await changePrompt(
        cli,
        { tenant, name },
        () => ({ type: 'prompt.set', data: data.data }),
        ({ texts }) => {
          const newest = texts.at(-1)
          return newest?.hash === hash ? newest : undefined
        },
      )
      if (json) cli.out.json({ version: made.version, hash })
      else cli.out.line(`${name} of ${tenant} has version ${made.version}; release it: colloquy prompts release ${name} ${made.version}`)
    })
