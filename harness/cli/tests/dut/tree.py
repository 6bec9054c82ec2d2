"""A small management tree with the rules of DM Tree and Description 1.2 that a client must keep."""

import base64

PROPERTIES = ("ACL", "Format", "Name", "Type")


class Refused(Exception):
    """A command that gets the status code `code`."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Tree:
    """Nodes by URI without the leading `./`; the root is the empty URI.

    A node is {"format", "value", "type"?, "acl"?, "fixed"?, "hidden"?, "exec"?}: `fixed` nodes are the device's own
    and can be read only, `hidden` ones not even that.
    """

    def __init__(self, nodes):
        self.nodes = nodes

    @classmethod
    def of_device(cls, device_id):
        tree = cls({"": {"format": "node", "acl": "Add=*&Get=*&Replace=*&Delete=*&Exec=*", "fixed": True}})
        leaves = {
            "DevInfo/DevId": device_id,
            "DevInfo/Man": "Loopback Works",
            "DevInfo/Mod": "Python client",
            "DevInfo/DmV": "PY-1.0",
            "DevInfo/Lang": "en",
            "DevDetail/URI/MaxDepth": "0",
            "DevDetail/URI/MaxTotLen": "0",
            "DevDetail/URI/MaxSegLen": "0",
            "DevDetail/DevTyp": "process",
            "DevDetail/OEM": "Loopback Works",
            "DevDetail/FwV": "1",
            "DevDetail/SwV": "1",
            "DevDetail/HwV": "1",
        }
        for uri, value in leaves.items():
            tree._put(uri, {"format": "chr", "value": value, "type": "text/plain", "fixed": True}, fixed=True)
        tree._put("DevDetail/LrgObj", {"format": "bool", "value": "true", "fixed": True}, fixed=True)
        return tree

    def put_account(self, server_id, address):
        """The account's public part; secrets and nonces live elsewhere and cannot be read."""
        base = "DMAcc/dmsc"
        for name, value in (("AppID", "w7"), ("ServerID", server_id), ("Name", "DM_SC Server"), ("AppAddr/1/Addr", address), ("AppAddr/1/AddrType", "URI")):
            self._put(f"{base}/{name}", {"format": "chr", "value": value, "type": "text/plain", "fixed": True}, fixed=True)
        for name in ("AAuthSecret", "AAuthData"):
            self._put(f"{base}/AppAuth/srv/{name}", {"format": "chr", "value": "", "fixed": True, "hidden": True}, fixed=True)

    def _put(self, uri, node, fixed=False):
        parent = uri.rpartition("/")[0]
        if uri and parent not in self.nodes:
            self._put(parent, {"format": "node", **({"fixed": True} if fixed else {})}, fixed)
        self.nodes[uri] = node

    def children(self, uri):
        prefix = f"{uri}/" if uri else ""
        return [name[len(prefix) :] for name in self.nodes if name and name.startswith(prefix) and "/" not in name[len(prefix) :]]

    def allowed(self, uri, right, server_id):
        """Whether the ACL in force at a node, its own or that of its nearest ancestor, grants a right."""
        while not self.nodes.get(uri, {}).get("acl"):
            if not uri:
                return False
            uri = uri.rpartition("/")[0]
        for entry in self.nodes[uri]["acl"].split("&"):
            name, _, servers = entry.partition("=")
            if name == right and ("*" in servers.split("+") or server_id in servers.split("+")):
                return True
        return False

    def _demand(self, uri, right, server_id):
        if not self.allowed(uri, right, server_id):
            raise Refused(425)

    def get(self, written, server_id):
        """(format, type, value) of a node or of a property."""
        uri, query = split(written)
        node = self.node(uri)
        self._demand(uri, "Get", server_id)
        if query:
            return "chr", "text/plain", self.property(uri, node, query)
        if node.get("hidden"):
            raise Refused(405)
        if node["format"] == "node":
            return "node", None, "/".join(self.children(uri))
        return node["format"], node.get("type"), node["value"]

    def node(self, uri):
        if uri == "Inbox" or uri.startswith("Inbox/"):
            raise Refused(405)  # reserved, and not claimed by this client
        if uri not in self.nodes:
            raise Refused(404)
        return self.nodes[uri]

    def property(self, uri, node, query):
        name = query.removeprefix("prop=")
        if not query.startswith("prop=") or name not in PROPERTIES:
            raise Refused(406)
        return {
            "ACL": node.get("acl", ""),
            "Format": node["format"],
            "Name": uri.rpartition("/")[2],
            "Type": node.get("type", ""),
        }[name]

    def add(self, written, item, server_id):
        uri, query = split(written)
        if query or uri == "Inbox" or uri.startswith("Inbox/"):
            raise Refused(405)
        if uri in self.nodes:
            raise Refused(418)
        ancestor = uri
        while ancestor not in self.nodes:
            ancestor = ancestor.rpartition("/")[0]
        if self.nodes[ancestor]["format"] != "node" or (self.nodes[ancestor].get("fixed") and ancestor):
            raise Refused(405)
        self._demand(ancestor, "Add", server_id)
        self._put(uri, new_node(item))

    def replace(self, written, item, server_id):
        uri, query = split(written)
        node = self.node(uri)
        if query == "prop=ACL":
            # A leaf's ACL is changed by whoever may replace the node's parent, an interior node's also by itself.
            owner = uri if node["format"] == "node" else uri.rpartition("/")[0]
            self._demand(owner, "Replace", server_id)
            node["acl"] = item["value"]
            return
        if query:
            raise Refused(405 if query.removeprefix("prop=") in PROPERTIES else 406)
        if node.get("fixed"):
            raise Refused(405)
        self._demand(uri, "Replace", server_id)
        replaced = new_node(item)
        if (node["format"] == "node") != (replaced["format"] == "node"):
            raise Refused(405)
        if node["format"] == "node":
            return
        if "acl" in node:
            replaced["acl"] = node["acl"]
        self.nodes[uri] = replaced

    def delete(self, written, server_id):
        uri, query = split(written)
        node = self.node(uri)
        if query or node.get("fixed"):
            raise Refused(405)
        self._demand(uri, "Delete", server_id)
        for name in [name for name in self.nodes if name == uri or name.startswith(f"{uri}/")]:
            del self.nodes[name]

    def execute(self, written, server_id):
        uri, _ = split(written)
        node = self.node(uri)
        if not node.get("exec"):
            raise Refused(405)
        self._demand(uri, "Exec", server_id)


def split(written):
    """A URI as nodes are kept, and its query. Raises Refused for a URI that breaks DM TND 5."""
    uri, _, query = written.partition("?")
    if uri in (".", "./"):
        uri = ""
    uri = uri.removeprefix("./")
    segments = uri.split("/")
    if uri and ("" in segments or "." in segments or ".." in segments):
        raise Refused(404)
    return uri, query


def new_node(item):
    form = item["format"] or "chr"
    if form == "node":
        return {"format": "node", **({"type": item["type"]} if item["type"] else {})}
    if form == "b64":
        try:
            base64.b64decode(item["value"], validate=True)
        except ValueError:
            raise Refused(400) from None
    return {"format": form, "value": item["value"], "type": item["type"] or "text/plain"}
