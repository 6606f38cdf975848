import { Command } from 'commander'
import { producedEvents } from '../../actors/definition/kind.ts'
import { createTrade } from '../../actors/kinds/trade/kind.ts'
import { eventEntries, eventsPage } from '../../schemas/events-page.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'

interface Options extends JsonOption {
  readonly samples?: true
}

export const eventsCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .description('Prints every event that the kinds of CONFIG take and emit, with the fields of its data, as Markdown.')
    .option('--samples', 'also the kinds that run only where a config exports them, as in docs/events.md')
    .option(JSON_FLAG, 'one JSON object per event: {type, kind, way, fields, says}')
    .action(async ({ json, samples }: Options) => {
      const { loadKinds } = await import('../app/load-kinds.ts')
      const loaded = await loadKinds(settings().settings)
      const all = [...loaded.values(), ...(samples && !loaded.has('trade') ? [createTrade()] : [])]
      const kinds = all.map((kind) => ({ ...kind, events: producedEvents(kind) }))
      if (json) for (const entry of eventEntries(kinds)) out.json(entry)
      else out.line(eventsPage(kinds).trimEnd())
    })
