export { type ClosableSocket, closeBy } from './close-socket.ts'
export { createSocketWatch, type SocketWatch } from './socket-watch.ts'
export { createTickets, type Tickets, type TicketsOptions, ticketOf } from './tickets.ts'
