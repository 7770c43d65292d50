/** `npm start`: prepares the checkout, then runs the server in this process. */
import { endWithNpm } from './lib/processes.mjs'
import { main } from './lib/program.mjs'
import { prepare } from './prepare.mjs'

endWithNpm()
await main(prepare)
await import('../apps/server/dist/main.js')
