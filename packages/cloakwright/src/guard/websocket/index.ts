export { type ClosableSocket, closeBy, closeSocket } from './close-socket.ts'
export { createTickets, type Tickets, type TicketsOptions, ticketOf } from './tickets.ts'
