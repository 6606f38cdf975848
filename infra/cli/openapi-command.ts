import { Command } from 'commander'
import { type CommandContext, JSON_FLAG } from '../app/command-context.ts'

export const openApiCommand = ({ out }: CommandContext): Command =>
  new Command().option(JSON_FLAG, 'accepted for uniformity: the output is always JSON').action(async () => {
    const { DESCRIBED_ROUTES } = await import('../../pipeline/http/described-routes.ts')
    const { openApiDocument } = await import('../../pipeline/http/openapi/openapi-document.ts')
    out.line(JSON.stringify(openApiDocument(DESCRIBED_ROUTES), undefined, 2))
  })
