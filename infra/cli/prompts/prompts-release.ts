import { Command, InvalidArgumentError } from 'commander'
import { releaseProblem } from '../../../actors/kinds/prompt/prompt-problems.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { changePrompt, nameArgument, type PromptOptions, versionText, withTenant } from './prompt-option.ts'

interface Options extends PromptOptions {
  readonly share: number
}

function shareOption(text: string): number {
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
  if (text.trim() === '' || !(share >= 0 && share <= 1)) throw new InvalidArgumentError('It must be from 0 to 1, or from 0% to 100%.')
  return share
}

export const releaseCommand = (cli: CommandContext): Command =>
  withTenant(new Command('release'), 'one JSON object: {version, share, before}')
    .description('give a version of a prompt to all conversations, or to a share of them')
    .argument('<name>', 'the prompt', nameArgument)
    .argument('<version>', 'the version; 0 is the built-in text', wholeNumber(0))
    .option('--share <share>', 'share of the conversations, such as 0.1 or 10%', shareOption, 1)
    .addHelpText(
      'after',
      `
A conversation that has got a version keeps it while its share grows. To roll back, release the earlier version again.

Examples:
  colloquy prompts release answer 2 --tenant acme --share 0.1
  colloquy prompts release answer 2 --tenant acme`,
    )
    .action(async (name: string, version: number, { tenant, share, json }: Options) => {
      const release = await changePrompt(
        cli,
        { tenant, name },
        (before) => {
          const problem = releaseProblem(before, { version, share })
          if (problem !== undefined) throw new ColloquyError('bad_prompt', problem)
          return { type: 'prompt.released', data: { version, share } }
        },
        (now) => (now.release.version === version && now.release.share === share ? now.release : undefined),
      )
      if (json) return cli.out.json(release)
      const others = share === 1 ? `before: ${versionText(release.before)}` : `the others get ${versionText(release.before)}`
      cli.out.line(`${share * 100} % of the conversations of ${tenant} get ${versionText(version)} of ${name}; ${others}`)
      return undefined
    })
