export const usage = `Usage: npm run kernel-view [-- options]

Starts the server in each port mode, with two workers and four peers, and shows what the kernel has of it: sockets (ss),
the eBPF program and its tables (bpftool), and a worker's system calls while packets come (strace).

  --write   puts it into the pages of docs/ that have a place for it
  --help

Takes Linux and root, for a network of its own, so that no port of yours is touched, and for what only root may see.
Installs bpftool, iproute2 and strace on Debian.
`;
