import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A web site of somebody else, at an origin of its own, whose one page has the chat widget. */
export interface WebSite {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts the site. Its content security policy lets in the scripts of the server and requests to it, and no style that is written into the
 * page.
 *
 * @param widgetAt tells the URL of the server with the widget; asked for each page
 */
export async function startWebSite(widgetAt: () => string, attributes = 'data-tenant="acme"', lang = 'en'): Promise<WebSite> {
  const server = createServer((_request, response) => {
    const at = widgetAt()
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; script-src ${at}; connect-src ${at}; style-src 'none'; img-src data:`,
    })
    response.end(
      `<!doctype html><html lang="${lang}"><head><title>A shop</title><link rel="icon" href="data:,">`
        + `<meta name="viewport" content="width=device-width, initial-scale=1"></head>`
        + `<body><main><h1>A shop</h1><p>Books</p></main><script type="module" src="${at}/widget.js" ${attributes}></script></body></html>`,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
