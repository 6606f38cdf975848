import Table from 'cli-table3'
import { Command } from 'commander'
import { readPrompts } from '../../../pipeline/prompts/read-prompts.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { onOneLine, printable } from '../../app/terminal-output.ts'
import { type PromptOptions, versionText, withTenant } from './prompt-option.ts'

export const listCommand = ({ out, settings }: CommandContext): Command =>
  withTenant(new Command('ls'), 'one JSON object per prompt: {name, version, release: {version, share, before}, note?}')
    .description('list the prompts of a tenant, and who gets which version')
    .action(async ({ tenant, json }: PromptOptions) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const prompts = await readPrompts(jetstream, tenant)
        const rows = prompts.map(({ name, version, release, texts }) => ({ name, version, release, note: texts.at(-1)?.note }))
        if (json) return rows.forEach((row) => out.json(row))
        if (rows.length === 0) return out.note(`The tenant ${tenant} has set no prompt: the built-in texts are used.`)
        const table = new Table({ head: ['prompt', 'newest', 'released', 'share', 'others', 'note'], style: { head: [], border: [] } })
        for (const { name, version, release, note = '' } of rows) {
          const others = release.share === 1 ? '' : versionText(release.before)
          table.push([name, version, versionText(release.version), `${release.share * 100} %`, others, onOneLine(printable(note))])
        }
        return out.line(table.toString())
      })
    })
