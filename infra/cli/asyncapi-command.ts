import { Command, Option } from 'commander'
import { producedEvents } from '../../actors/definition/kind.ts'
import { ASYNCAPI_VERSIONS, asyncApiDocument, type AsyncApiVersion } from '../../schemas/asyncapi.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'

interface Options extends JsonOption {
  readonly spec: AsyncApiVersion
}

export const asyncApiCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .addOption(
      new Option('--spec <version>', 'version of AsyncAPI; generators such as Modelina 5 need 3.0.0')
        .choices(ASYNCAPI_VERSIONS)
        .default(ASYNCAPI_VERSIONS[0]),
    )
    .option(JSON_FLAG, 'accepted for uniformity: the output is always JSON')
    .action(async ({ spec }: Options) => {
      const { loadKinds } = await import('../app/load-kinds.ts')
      const kinds = await loadKinds(settings().settings)
      out.line(
        JSON.stringify(
          asyncApiDocument(
            [...kinds.values()].map((kind) => ({ ...kind, events: producedEvents(kind) })),
            spec,
          ),
          undefined,
          2,
        ),
      )
    })
