"""How somebody proves who they are: the rules of passwords, codes, claims, slowing down and steps."""
