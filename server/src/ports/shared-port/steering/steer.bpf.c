// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
//
// Selects the worker for each datagram on a port that all workers share: STUN Binding Requests by the server's ICE
// username fragment in them, all other datagrams by their source address. docs/shared-port.md explains the design,
// steering.ts fills `ufrags` and `transports`, and `npm run steering -- build` compiles this file to steer.bpf.o.
// Older verifiers reject more from a process that has only CAP_BPF: test changes with `npm run steering -- try-kernel`.
//
// The program cannot check STUN's MESSAGE-INTEGRITY, so its own decisions must do no harm when a packet is forged: a
// Binding Request with a known ufrag may add an unverified tuple for an address without an owner, but never replaces an
// owner. A right password does not help an attacker who forges the source either: a verified tuple in use is not moved.

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define UFRAG_BYTES 32      // The random part of mediasoup's ufrags: their last 32 characters.
#define UFRAG_MAX_BYTES 256 // The maximum length of the other side's ufrag (RFC 8839, 5.4).
#define MAX_ATTRIBUTES 16
#define IPV4_HEADER_BYTES 20 // Without options.
#define UDP_HEADER_BYTES 8
#define STUN_HEADER_BYTES 20
#define BINDING_REQUEST 0x0001
#define MAGIC_COOKIE 0x2112A442
#define USERNAME 0x0006

#define MAX_TRANSPORTS (1 << 16)
#define MAX_WORKERS 256
#define PLACEHOLDER MAX_WORKERS // The slot of the server's placeholder socket, which discards what it receives.

// The number of unverified tuples that may be added for a transport since one was last verified: as many as mediasoup's
// IceServer keeps. Packets with forged sources and one ufrag cannot take more of the table.
#define MAX_UNVERIFIED 8

// Clients send consent checks every 4 to 6 s (RFC 7675, 5.1: 5 s times 0.8 to 1.2), Chromium about every 2.5 s. A tuple
// with a request within this time is in use.
#define IN_USE_NS 10000000000LL

// In the order of `counterNames` in layout.ts.
enum counter {
	STUN_STEERED,
	DATA_STEERED,
	STUN_MALFORMED,
	STUN_UNKNOWN_UFRAG,
	DATA_UNKNOWN_TUPLE,
	NO_WORKER,
	UNREADABLE,
	TUPLE_ADDED,
	TUPLE_RESTORED,
	TUPLE_REJECTED,
	TUPLE_OVER_LIMIT,
	STUN_TUPLE_IN_USE,
	COUNTERS
};

struct ufrag {
	char bytes[UFRAG_BYTES];
};

struct remote {
	__u8 ip[16]; // An IPv4 address is in the first four.
	// Two bytes each, in network byte order. They are one field, because the verifiers of Linux 5.10 and 6.1 reject, without
	// CAP_PERFMON, a write to one part of an eight-byte stack slot whose other part is known.
	__u32 port_and_ethertype;
};

// The beginning of a datagram, which the kernel passes from the UDP header on.
struct beginning {
	__u16 source_port, port, udp_length, checksum;
	__u16 type, length;
	__u32 cookie;
};

struct ipv4 {
	__u8 version_and_length, others[11];
	__u32 source, destination;
	struct beginning udp;
};

struct owner {
	union {
		struct {
			__u32 transport;
			__u32 previous; // The owner that a verified change of address replaced; 0: none.
		};
		__u64 transport_and_previous; // For writes to the stack, as in struct remote.
	};
	__u64 requested_at; // The time of its last Binding Request from this address: nanoseconds of CLOCK_MONOTONIC.
};

struct verified_tuple {
	__u8 ip[16];
	__u64 port_and_ethertype_and_transport; // One field for the same reason as in struct remote.
};

struct transport {
	__u32 id; // 0: the entry is free.
	__u32 slot; // The worker's socket in `sockets`.
	__u32 unverified; // Tuples added since one was last verified.
};

struct map {
	__u32 type, key_bytes, value_bytes, max_entries, flags;
};

// Written by the server alone: packets add no entries to these two.
struct map ufrags SEC("maps") = { BPF_MAP_TYPE_HASH, sizeof(struct ufrag), sizeof(__u32), 1 << 17, BPF_F_NO_PREALLOC };
// An array, because its lookup is the cheapest. A transport's index in it is its id modulo the length.
struct map transports SEC("maps") = { BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct transport), MAX_TRANSPORTS, 0 };
// Each listening address has its own instance of the following maps.
struct map tuples SEC("maps") = { BPF_MAP_TYPE_LRU_HASH, sizeof(struct remote), sizeof(struct owner), 1 << 17, 0 };
// Every tuple that was verified at some time, written by the server alone. The value has no meaning.
struct map verified SEC("maps") = { BPF_MAP_TYPE_LRU_HASH, sizeof(struct verified_tuple), sizeof(__u32), 1 << 17, 0 };
struct map sockets SEC("maps") = { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, sizeof(__u32), sizeof(__u64), MAX_WORKERS + 1, 0 };
struct map counters SEC("maps") = { BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32), sizeof(__u64), COUNTERS, 0 };

// The key of an array. The kernel reads its first four bytes; it has eight for the reason given in struct remote, because
// the compiler reuses a stack slot for several variables.
typedef __u64 key;

static __always_inline void count(__u32 counter)
{
	key index = counter;
	__u64 *value = bpf_map_lookup_elem(&counters, &index);

	if (value)
		*value += 1;
}

// With SK_DROP the kernel would reply that the port is unreachable (ICMP). If the source was forged, that reply could end
// the call of the host at that address. The placeholder socket discards silently.
static __always_inline int drop(struct sk_reuseport_md *packet, __u32 reason)
{
	key slot = PLACEHOLDER;

	count(reason);
	return bpf_sk_select_reuseport(packet, &sockets, &slot, 0) ? SK_DROP : SK_PASS;
}

static __always_inline struct transport *find_transport(__u32 id)
{
	key index = id % MAX_TRANSPORTS;
	struct transport *transport = bpf_map_lookup_elem(&transports, &index);

	return transport && transport->id == id && id != 0 ? transport : NULL;
}

static __always_inline int deliver(struct sk_reuseport_md *packet, struct transport *transport, __u32 counter)
{
	key slot = transport->slot;

	// The kernel has removed the socket of a worker that died from the array.
	if (bpf_sk_select_reuseport(packet, &sockets, &slot, 0))
		return drop(packet, NO_WORKER);
	count(counter);
	return SK_PASS;
}

// Reads with helpers, because the verifier of Linux 5.10 rejects comparisons of packet->data with packet->data_end without
// CAP_PERFMON. Each call has a cost, so IPv4 usually needs only one. That one fails when the IP header has options, or when
// a network card has put what follows the UDP header into separate pages.
static __always_inline int read_beginning(struct sk_reuseport_md *packet, struct remote *remote, struct beginning *udp)
{
	__u16 ethertype = packet->eth_protocol;
	__u32 length = packet->len < sizeof(*udp) ? UDP_HEADER_BYTES : sizeof(*udp);
	struct ipv4 ip = {};

	if (ethertype != bpf_htons(0x0800)) {
		if (bpf_skb_load_bytes_relative(packet, 8, remote->ip, 16, BPF_HDR_START_NET) ||
		    bpf_skb_load_bytes(packet, 0, udp, length))
			return -1;
	} else if (!bpf_skb_load_bytes_relative(packet, 0, &ip, IPV4_HEADER_BYTES + length, BPF_HDR_START_NET) &&
	           ip.version_and_length == 0x45) {
		__u64 address = ip.source; // Eight bytes, for the reason given in struct remote.

		__builtin_memcpy(remote->ip, &address, sizeof(address));
		*udp = ip.udp;
	} else if (bpf_skb_load_bytes_relative(packet, 12, remote->ip, 4, BPF_HDR_START_NET) ||
	           bpf_skb_load_bytes(packet, 0, udp, length))
		return -1;
	remote->port_and_ethertype = udp->source_port | (__u32)ethertype << 16;
	return 0;
}

static __always_inline int is_binding_request(struct sk_reuseport_md *packet, struct beginning *beginning)
{
	return packet->len >= UDP_HEADER_BYTES + STUN_HEADER_BYTES && beginning->type == bpf_htons(BINDING_REQUEST) &&
	       beginning->cookie == bpf_htonl(MAGIC_COOKIE);
}

// USERNAME is the server's ufrag, a colon, and the client's (RFC 8445, 7.2.2). Neither contains a colon. The search begins
// at the end, because the client's is a few characters long and the server's may begin with the ids of room and peer.
//
// Both loops are unrolled: without CAP_PERFMON, the verifiers of Linux 5.10, 6.1 and 6.12 also follow the paths of a CPU
// that mispredicts a loop's end (Spectre), and do not terminate.
static __always_inline int read_ufrag(struct sk_reuseport_md *packet, struct ufrag *ufrag)
{
	struct {
		__u16 type, length;
	} attribute;
	__u32 at = UDP_HEADER_BYTES + STUN_HEADER_BYTES, length = 0;

#pragma unroll
	for (int i = 0; i < MAX_ATTRIBUTES; i++) {
		if (bpf_skb_load_bytes(packet, at, &attribute, sizeof(attribute)))
			return -1;
		at += sizeof(attribute);
		if (attribute.type == bpf_htons(USERNAME)) {
			length = bpf_ntohs(attribute.length);
			break;
		}
		at += (bpf_ntohs(attribute.length) + 3) & ~3;
	}

#pragma unroll
	for (__u32 i = 1; i <= UFRAG_MAX_BYTES + 1; i++) {
		char character;

		if (i + UFRAG_BYTES > length || bpf_skb_load_bytes(packet, at + length - i, &character, 1))
			return -1;
		if (character == ':')
			return bpf_skb_load_bytes(packet, at + length - i - UFRAG_BYTES, ufrag, sizeof(*ufrag));
	}
	return -1;
}

static __always_inline int is_verified(struct remote *remote, __u32 id)
{
	struct verified_tuple tuple = { .port_and_ethertype_and_transport = remote->port_and_ethertype | (__u64)id << 32 };

	__builtin_memcpy(tuple.ip, remote->ip, sizeof(tuple.ip));
	return bpf_map_lookup_elem(&verified, &tuple) != NULL;
}

// Returns whether the request may be delivered to the transport that it names.
static __always_inline int update_tuple(struct remote *remote, __u32 id, struct transport *transport)
{
	__u64 now = bpf_ktime_get_ns();
	struct owner fresh = { .transport_and_previous = id, .requested_at = now };
	struct owner *owner = bpf_map_lookup_elem(&tuples, remote);

	if (owner) {
		if (owner->transport == id) {
			owner->requested_at = now;
			return 1;
		}
		if ((__s64)(now - owner->requested_at) < IN_USE_NS && is_verified(remote, owner->transport) &&
		    find_transport(owner->transport))
			return 0;
		if (is_verified(remote, id)) {
			fresh.transport_and_previous = id | (__u64)owner->transport << 32;
			*owner = fresh;
			count(TUPLE_RESTORED);
			return 1;
		}
		if (find_transport(owner->transport) || find_transport(owner->previous)) {
			count(TUPLE_REJECTED);
			return 1;
		}
	}
	if (transport->unverified >= MAX_UNVERIFIED) {
		count(TUPLE_OVER_LIMIT);
		return 1;
	}
	__sync_fetch_and_add(&transport->unverified, 1);
	if (bpf_map_update_elem(&tuples, remote, &fresh, BPF_ANY) == 0)
		count(TUPLE_ADDED);
	return 1;
}

static __always_inline int steer_by_ufrag(struct sk_reuseport_md *packet, struct remote *remote)
{
	struct transport *transport;
	struct ufrag ufrag;
	__u32 *id;

	if (read_ufrag(packet, &ufrag))
		return drop(packet, STUN_MALFORMED);
	id = bpf_map_lookup_elem(&ufrags, &ufrag);
	if (!id)
		return drop(packet, STUN_UNKNOWN_UFRAG);
	transport = find_transport(*id);
	if (!transport)
		return drop(packet, STUN_UNKNOWN_UFRAG);
	if (!update_tuple(remote, *id, transport))
		return drop(packet, STUN_TUPLE_IN_USE);
	return deliver(packet, transport, STUN_STEERED);
}

static __always_inline int steer_by_tuple(struct sk_reuseport_md *packet, struct remote *remote)
{
	struct owner *owner = bpf_map_lookup_elem(&tuples, remote);
	struct transport *transport;

	if (!owner)
		return drop(packet, DATA_UNKNOWN_TUPLE);
	transport = find_transport(owner->transport);
	if (!transport) // It was closed, so the tuple is the previous owner's again.
		transport = find_transport(owner->previous);
	if (!transport)
		return drop(packet, DATA_UNKNOWN_TUPLE);
	return deliver(packet, transport, DATA_STEERED);
}

SEC("sk_reuseport")
int steer(struct sk_reuseport_md *packet)
{
	struct beginning beginning = {};
	struct remote remote = {};

	if (read_beginning(packet, &remote, &beginning))
		return drop(packet, UNREADABLE);
	if (is_binding_request(packet, &beginning))
		return steer_by_ufrag(packet, &remote);
	return steer_by_tuple(packet, &remote);
}

char licence_text[] SEC("license") = "Dual MIT/GPL";
