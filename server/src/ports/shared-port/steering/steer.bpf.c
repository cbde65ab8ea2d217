// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
//
// Chooses the worker for each datagram of a port that many workers share: STUN Binding Requests by the ICE username
// fragment that they are addressed to, all else by the address that it comes from. docs/shared-port.md explains it,
// steering.ts fills `ufrags` and `transports`, `npm run steering -- build` makes steer.bpf.o of this file. From who has
// CAP_BPF alone, an older kernel's verifier refuses much that a newer one's takes: `npm run steering -- try-kernel`.
//
// It can't check STUN's MESSAGE-INTEGRITY, so what it does on its own must do no harm when the packet is forged: a
// Binding Request with a ufrag that is known may claim an address that is nobody's, never one that is somebody's. Nor
// does it help who forges an address that its password is right: a proven tuple that is in use is nobody else's.

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define UFRAG_BYTES 32      // What is random in a ufrag of mediasoup's: its last 32 characters.
#define UFRAG_MAX_BYTES 256 // RFC 8839, 5.4: so long may the other side's be.
#define MAX_ATTRIBUTES 16
#define IPV4_HEADER_BYTES 20 // Without options.
#define UDP_HEADER_BYTES 8
#define STUN_HEADER_BYTES 20
#define BINDING_REQUEST 0x0001
#define MAGIC_COOKIE 0x2112A442
#define USERNAME 0x0006

#define MAX_TRANSPORTS (1 << 16)
#define MAX_WORKERS 256
#define KEEPER MAX_WORKERS // The slot of the control process's socket, which throws away all that it gets.

// How many addresses may be claimed for a transport before one of them is known to be true: as many as an IceServer
// of mediasoup's keeps. Whoever forges sources with one ufrag fills no more of the table than this.
#define MAX_CLAIMS 8

// Clients ask for consent every 4 to 6 s (RFC 7675, 5.1: 5 s, times 0.8 to 1.2), Chromium about every 2.5 s: who did so
// from an address within this time is still there.
#define IN_USE_NS 10000000000LL

// The order is that of `counterNames` in counters.ts.
enum counter {
	STUN_STEERED,
	DATA_STEERED,
	STUN_MALFORMED,
	STUN_UNKNOWN_UFRAG,
	DATA_UNKNOWN_TUPLE,
	NO_WORKER,
	UNREADABLE,
	TUPLE_CLAIMED,
	TUPLE_RECLAIMED,
	CLAIM_REFUSED,
	CLAIM_OVER_LIMIT,
	STUN_TUPLE_IN_USE,
	COUNTERS
};

struct ufrag {
	char bytes[UFRAG_BYTES];
};

struct remote {
	__u8 ip[16]; // An IPv4 address has the first four.
	// Two bytes each, in network byte order. One field, because the verifiers of Linux 5.10 and 6.1 let only who has
	// CAP_PERFMON too write to a part of eight bytes of the stack of which they know another part.
	__u32 port_and_ethertype;
};

// Of a datagram: the kernel hands it over from the UDP header on.
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
			__u32 previous; // Whom a proven change of address took it from; 0: nobody.
		};
		__u64 transport_and_previous; // On the stack, as in struct remote.
	};
	__u64 asked_at; // When it has last sent a Binding Request from there: nanoseconds of CLOCK_MONOTONIC.
};

struct proof {
	__u8 ip[16];
	__u64 port_and_ethertype_and_transport; // One field, as in struct remote.
};

struct transport {
	__u32 id; // Whose place it is now; 0: nobody's.
	__u32 slot;
	__u32 claims;
};

struct map {
	__u32 type, key_bytes, value_bytes, max_entries, flags;
};

// Written by the control process alone: nothing that comes from the network adds to these.
struct map ufrags SEC("maps") = { BPF_MAP_TYPE_HASH, sizeof(struct ufrag), sizeof(__u32), 1 << 17, BPF_F_NO_PREALLOC };
// An array, which costs least to look up: a transport's place in it is its number modulo the length.
struct map transports SEC("maps") = { BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct transport), MAX_TRANSPORTS, 0 };
// One of each for each address that is listened on.
struct map tuples SEC("maps") = { BPF_MAP_TYPE_LRU_HASH, sizeof(struct remote), sizeof(struct owner), 1 << 17, 0 };
// Whose each address was proven to be at some time, by the control process alone; the value says nothing.
struct map proofs SEC("maps") = { BPF_MAP_TYPE_LRU_HASH, sizeof(struct proof), sizeof(__u32), 1 << 17, 0 };
struct map sockets SEC("maps") = { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, sizeof(__u32), sizeof(__u64), MAX_WORKERS + 1, 0 };
struct map counters SEC("maps") = { BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32), sizeof(__u64), COUNTERS, 0 };

// The key of an array, of which the kernel reads the first four bytes. It has eight for the reason that struct remote
// names: the compiler gives one place on the stack to several variables, one after another.
typedef __u64 key;

static __always_inline void count(__u32 counter)
{
	key index = counter;
	__u64 *value = bpf_map_lookup_elem(&counters, &index);

	if (value)
		*value += 1;
}

// SK_DROP has the kernel answer that the port is unreachable (ICMP). Where the source was forged, that answer goes to
// somebody whose call it may end. The keeper says nothing.
static __always_inline int drop(struct sk_reuseport_md *packet, __u32 reason)
{
	key slot = KEEPER;

	count(reason);
	return bpf_sk_select_reuseport(packet, &sockets, &slot, 0) ? SK_DROP : SK_PASS;
}

static __always_inline struct transport *find_transport(__u32 id)
{
	key place = id % MAX_TRANSPORTS;
	struct transport *transport = bpf_map_lookup_elem(&transports, &place);

	return transport && transport->id == id && id != 0 ? transport : NULL;
}

static __always_inline int deliver(struct sk_reuseport_md *packet, struct transport *transport, __u32 counter)
{
	key slot = transport->slot;

	// The socket of a worker that died has left the array by itself.
	if (bpf_sk_select_reuseport(packet, &sockets, &slot, 0))
		return drop(packet, NO_WORKER);
	count(counter);
	return SK_PASS;
}

// Helpers read it, because the verifier of Linux 5.10 lets only who has CAP_PERFMON too compare packet->data with
// packet->data_end. Each takes its time: for IPv4 there usually is one. It can't read where the IP header has options, nor
// what a network card has put into pages of its own behind the UDP header.
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
		__u64 address = ip.source; // Eight bytes, for the reason that struct remote names.

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

// USERNAME is our ufrag, a colon, the other side's (RFC 8445, 7.2.2). Neither has a colon inside. The search begins
// at the end, because the other side's is a few characters long and ours may begin with the names of room and peer.
//
// Both loops are unrolled: of a program that is loaded without CAP_PERFMON, the verifiers of Linux 5.10, 6.1 and 6.12
// also follow what a CPU does that guesses a loop's end wrong (Spectre), and come to no end.
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

static __always_inline int is_proven(struct remote *remote, __u32 id)
{
	struct proof proof = { .port_and_ethertype_and_transport = remote->port_and_ethertype | (__u64)id << 32 };

	__builtin_memcpy(proof.ip, remote->ip, sizeof(proof.ip));
	return bpf_map_lookup_elem(&proofs, &proof) != NULL;
}

// The answer is whether the request may go to the transport that it names.
static __always_inline int claim(struct remote *remote, __u32 id, struct transport *transport)
{
	__u64 now = bpf_ktime_get_ns();
	struct owner fresh = { .transport_and_previous = id, .asked_at = now };
	struct owner *owner = bpf_map_lookup_elem(&tuples, remote);

	if (owner) {
		if (owner->transport == id) {
			owner->asked_at = now;
			return 1;
		}
		if ((__s64)(now - owner->asked_at) < IN_USE_NS && is_proven(remote, owner->transport) &&
		    find_transport(owner->transport))
			return 0;
		if (is_proven(remote, id)) {
			fresh.transport_and_previous = id | (__u64)owner->transport << 32;
			*owner = fresh;
			count(TUPLE_RECLAIMED);
			return 1;
		}
		if (find_transport(owner->transport) || find_transport(owner->previous)) {
			count(CLAIM_REFUSED);
			return 1;
		}
	}
	if (transport->claims >= MAX_CLAIMS) {
		count(CLAIM_OVER_LIMIT);
		return 1;
	}
	__sync_fetch_and_add(&transport->claims, 1);
	if (bpf_map_update_elem(&tuples, remote, &fresh, BPF_ANY) == 0)
		count(TUPLE_CLAIMED);
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
	if (!claim(remote, *id, transport))
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
	if (!transport) // It has closed: whom it took the address from still has it.
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
